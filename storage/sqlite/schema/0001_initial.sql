-- The vault, version 1. Schema files are only ever added: what a released
-- version wrote must still open.
--
-- Times are INTEGER microseconds since 1970, UTC; 9223372036854775807 means
-- never, -9223372036854775808 means not yet (sqlite/statement.h). Scopes are one
-- TEXT, sorted, with single spaces. BLOBs are raw bytes: ids we draw at random,
-- keyed hashes, and TKV1 envelopes. Enumerations are the values of records.h.
--
-- WITHOUT ROWID for rows that are narrow and found by key alone. Wide rows keep
-- a rowid, so that the inner pages of their tree hold numbers, not envelopes.

-- ------------------------------------------------------------------- keys --

CREATE TABLE deployment (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  id BLOB NOT NULL,
  create_time INTEGER NOT NULL
) STRICT;

CREATE TABLE root_source (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  params TEXT NOT NULL,
  create_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE kek (
  version_number INTEGER PRIMARY KEY CHECK (version_number > 0),
  key_id BLOB NOT NULL,
  state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 3),
  create_time INTEGER NOT NULL,
  activate_time INTEGER NOT NULL,
  version INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX kek_one_active ON kek (state) WHERE state = 2;

CREATE TABLE kek_wrap (
  kek_version INTEGER NOT NULL REFERENCES kek (version_number),
  source_id TEXT NOT NULL REFERENCES root_source (id),
  wrapped BLOB NOT NULL,
  PRIMARY KEY (kek_version, source_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX kek_wrap_by_source ON kek_wrap (source_id);

-- Narrow on purpose: rotating the master key rewrites every row of it.
CREATE TABLE dek (
  tenant TEXT NOT NULL,
  subject TEXT NOT NULL,
  dek_id BLOB NOT NULL,
  generation INTEGER NOT NULL,
  kek_version INTEGER NOT NULL REFERENCES kek (version_number),
  wrapped BLOB NOT NULL,
  create_time INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (tenant, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX dek_by_kek ON dek (kek_version);

-- ------------------------------------------------------------ connections --

CREATE TABLE connection (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  user TEXT NOT NULL,
  provider TEXT NOT NULL,
  account_id TEXT NOT NULL,
  account_label TEXT NOT NULL,
  state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 3),
  state_reason TEXT NOT NULL,
  paused INTEGER NOT NULL CHECK (paused IN (0, 1)),
  granted_scopes TEXT NOT NULL,
  sealed_refresh_token BLOB NOT NULL,
  generation INTEGER NOT NULL,
  lease_owner TEXT NOT NULL,
  lease_epoch INTEGER NOT NULL,
  lease_until INTEGER NOT NULL,
  refresh_phase INTEGER NOT NULL CHECK (refresh_phase BETWEEN 1 AND 3),
  landing_slot INTEGER NOT NULL,
  refresh_sent_time INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  last_refresh_time INTEGER NOT NULL,
  access_end_time INTEGER NOT NULL,
  endpoint_hints TEXT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;

CREATE INDEX connection_by_user ON connection (tenant, user, id);
CREATE INDEX connection_by_provider ON connection (tenant, provider, id);
CREATE INDEX connection_by_state ON connection (tenant, state, id);
CREATE INDEX connection_unsettled ON connection (tenant, id)
  WHERE refresh_phase <> 1;
CREATE INDEX connection_idle
  ON connection (provider, max(create_time, last_refresh_time))
  WHERE state = 1;
CREATE INDEX connection_unrevoked ON connection (tenant, id)
  WHERE state = 3 AND sealed_refresh_token <> x'';
-- For counting alone.
CREATE INDEX connection_count ON connection (paused, state);

CREATE TABLE agent_grant (
  tenant TEXT NOT NULL,
  connection TEXT NOT NULL,
  agent TEXT NOT NULL,
  scopes TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  end_time INTEGER NOT NULL,
  last_use_time INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (tenant, connection, agent),
  FOREIGN KEY (tenant, connection) REFERENCES connection (tenant, id)
) STRICT, WITHOUT ROWID;

-- --------------------------------------------------------------- browsers --

CREATE TABLE interaction (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),
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
  PRIMARY KEY (tenant, id)
) STRICT;

CREATE UNIQUE INDEX interaction_by_link ON interaction (link_hash)
  WHERE link_hash <> x'';
CREATE INDEX interaction_pending
  ON interaction (tenant, agent, user, provider, create_time, id)
  WHERE state = 1;
CREATE INDEX interaction_by_age ON interaction (create_time);

CREATE TABLE oauth_flow (
  state_hash BLOB NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 2),
  state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 2),
  interaction TEXT NOT NULL,
  provider TEXT NOT NULL,
  context TEXT NOT NULL,
  cookie_hash BLOB NOT NULL,
  session_hash BLOB NOT NULL,
  sealed_verifier BLOB NOT NULL,
  other_account TEXT NOT NULL,
  scopes TEXT NOT NULL,
  access_end_time INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  expire_time INTEGER NOT NULL,
  version INTEGER NOT NULL
) STRICT;

CREATE INDEX oauth_flow_by_expiry ON oauth_flow (expire_time);

CREATE TABLE web_session (
  id_hash BLOB NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  user TEXT NOT NULL,
  display_name TEXT NOT NULL,
  auth_time INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  idle_expire_time INTEGER NOT NULL,
  expire_time INTEGER NOT NULL,
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX web_session_by_expiry ON web_session (expire_time);
CREATE INDEX web_session_by_idle_expiry ON web_session (idle_expire_time);

-- ------------------------------------------------------------------ audit --

-- Rows are only ever added, and SQLite gives the next number to a row that comes
-- without one: 1, 2, … and since a rolled-back row leaves nothing behind, there
-- are no gaps.
CREATE TABLE audit (
  sequence INTEGER PRIMARY KEY,
  tenant TEXT NOT NULL,
  time INTEGER NOT NULL,
  kind TEXT NOT NULL,
  leaf TEXT NOT NULL
) STRICT;

CREATE INDEX audit_by_tenant ON audit (tenant, sequence);
CREATE INDEX audit_by_kind ON audit (kind, sequence);
