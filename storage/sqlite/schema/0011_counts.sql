-- For counting alone: how many connections each provider has, and whom each
-- agent may reach. The first is partial, so that no search of connections that
-- has a provider and a state takes it for one that leads to them in order.
CREATE INDEX connection_count_by_provider ON connection (provider, state)
  WHERE state <> 3;
CREATE INDEX agent_grant_by_agent ON agent_grant (tenant, agent, end_time);
