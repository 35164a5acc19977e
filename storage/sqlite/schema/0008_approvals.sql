-- What people approve, and what policy remembers.

-- One more kind of question, and what is optional in one.
CREATE TABLE interaction_8 (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 4),
  state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 6),
  agent TEXT NOT NULL,
  user TEXT NOT NULL,
  provider TEXT NOT NULL,
  connection TEXT NOT NULL,
  scopes TEXT NOT NULL,
  missing_scopes TEXT NOT NULL,
  link_hash BLOB NOT NULL,
  user_code TEXT NOT NULL,
  purpose TEXT NOT NULL,
  return_uri TEXT NOT NULL,
  denial_reason TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  expire_time INTEGER NOT NULL,
  version INTEGER NOT NULL,
  optional_scopes TEXT NOT NULL DEFAULT '',
  task_id TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (tenant, id)
) STRICT;
INSERT INTO interaction_8
  SELECT tenant, id, kind, state, agent, user, provider, connection, scopes,
    missing_scopes, link_hash, user_code, purpose, return_uri, denial_reason,
    create_time, expire_time, version, '', ''
  FROM interaction;
DROP TABLE interaction;
ALTER TABLE interaction_8 RENAME TO interaction;

CREATE UNIQUE INDEX interaction_by_link ON interaction (link_hash)
  WHERE link_hash <> x'';
CREATE INDEX interaction_pending
  ON interaction (tenant, agent, user, provider, create_time, id)
  WHERE state = 1;
CREATE INDEX interaction_by_age ON interaction (create_time);
CREATE INDEX interaction_by_user ON interaction (tenant, user);

ALTER TABLE agent_grant ADD COLUMN task_id TEXT NOT NULL DEFAULT '';
ALTER TABLE web_session ADD COLUMN groups TEXT NOT NULL DEFAULT '';
ALTER TABLE web_session ADD COLUMN acr TEXT NOT NULL DEFAULT '';

CREATE TABLE approval (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  agent TEXT NOT NULL,
  user TEXT NOT NULL,
  provider TEXT NOT NULL,
  connection TEXT NOT NULL,
  request_hash BLOB NOT NULL,
  resource TEXT NOT NULL,
  max_lifetime INTEGER NOT NULL,
  details TEXT NOT NULL,
  task_id TEXT NOT NULL,
  rule TEXT NOT NULL,
  quiet INTEGER NOT NULL,
  reach INTEGER NOT NULL CHECK (reach BETWEEN 1 AND 4),
  decided_by TEXT NOT NULL,
  decided_how TEXT NOT NULL,
  decide_time INTEGER NOT NULL,
  end_time INTEGER NOT NULL,
  extensions INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (tenant, id),
  FOREIGN KEY (tenant, id) REFERENCES interaction (tenant, id)
    ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX approval_by_user ON approval (tenant, user, id);
CREATE INDEX approval_by_request ON approval (tenant, request_hash, id);

CREATE TABLE notice (
  tenant TEXT NOT NULL,
  approval TEXT NOT NULL,
  channel TEXT NOT NULL,
  address TEXT NOT NULL,
  next_try INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (tenant, approval, channel),
  FOREIGN KEY (tenant, approval) REFERENCES approval (tenant, id)
    ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX notice_by_next_try ON notice (next_try);

-- One row for what a rule counts: it holds the last window only.
CREATE TABLE policy_use (
  tenant TEXT NOT NULL,
  rule TEXT NOT NULL,
  agent TEXT NOT NULL,
  user TEXT NOT NULL,
  window_start INTEGER NOT NULL,
  used INTEGER NOT NULL,
  PRIMARY KEY (tenant, rule, agent, user)
) STRICT, WITHOUT ROWID;

CREATE INDEX policy_use_by_user ON policy_use (tenant, user);

CREATE TABLE stop (
  kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 5),
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  why TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  PRIMARY KEY (kind, tenant, name)
) STRICT, WITHOUT ROWID;
