-- A person can be erased, and a data key replaced: no record may be committed
-- under a data key that is no longer the one of its row.

-- What the audit log calls a person: drawn at random, so that with this row goes
-- the only thing that says whose leaves they are.
CREATE TABLE person (
  tenant TEXT NOT NULL,
  user TEXT NOT NULL,
  pseudonym TEXT NOT NULL,
  PRIMARY KEY (tenant, user)
) STRICT, WITHOUT ROWID;

CREATE INDEX interaction_by_user ON interaction (tenant, user);
CREATE INDEX web_session_by_user ON web_session (tenant, user);
CREATE INDEX oauth_flow_by_tenant ON oauth_flow (tenant);

-- Whoever sealed a record while its data key was replaced, or removed, opens the
-- new one and seals it again. An envelope (54 4B 56 31, "TKV1") names its parent
-- key in bytes 12 to 27.
CREATE TRIGGER connection_inserted_under_its_key BEFORE INSERT ON connection
WHEN substr(NEW.sealed_refresh_token, 1, 4) = x'544B5631'
  AND substr(NEW.sealed_refresh_token, 13, 16) IS NOT
    (SELECT dek_id FROM dek WHERE tenant = NEW.tenant AND subject = NEW.user)
BEGIN
  SELECT RAISE(ABORT, 'sealed under another data key');
END;

CREATE TRIGGER connection_updated_under_its_key
BEFORE UPDATE OF sealed_refresh_token ON connection
WHEN NEW.sealed_refresh_token <> OLD.sealed_refresh_token
  AND substr(NEW.sealed_refresh_token, 1, 4) = x'544B5631'
  AND substr(NEW.sealed_refresh_token, 13, 16) IS NOT
    (SELECT dek_id FROM dek WHERE tenant = NEW.tenant AND subject = NEW.user)
BEGIN
  SELECT RAISE(ABORT, 'sealed under another data key');
END;

CREATE TRIGGER flow_inserted_under_its_key BEFORE INSERT ON oauth_flow
WHEN substr(NEW.sealed_verifier, 1, 4) = x'544B5631'
  AND substr(NEW.sealed_verifier, 13, 16) IS NOT
    (SELECT dek_id FROM dek WHERE tenant = NEW.tenant AND subject = '')
BEGIN
  SELECT RAISE(ABORT, 'sealed under another data key');
END;

CREATE TRIGGER flow_updated_under_its_key
BEFORE UPDATE OF sealed_verifier ON oauth_flow
WHEN NEW.sealed_verifier <> OLD.sealed_verifier
  AND substr(NEW.sealed_verifier, 1, 4) = x'544B5631'
  AND substr(NEW.sealed_verifier, 13, 16) IS NOT
    (SELECT dek_id FROM dek WHERE tenant = NEW.tenant AND subject = '')
BEGIN
  SELECT RAISE(ABORT, 'sealed under another data key');
END;

-- The leaves that carry the commitment of a connection's sealed refresh token,
-- by connection: what a row is checked against. Their ids have 26 characters. No
-- JSON function may stand in a schema that is not trusted; in the canonical form
-- of a leaf, only a member's name is quoted like this.
CREATE INDEX audit_commitment
  ON audit (tenant, substr(leaf, instr(leaf, '"connection":"') + 14, 26),
    sequence)
  WHERE kind IN ('connection.created', 'connection.renewed',
    'connection.resealed', 'refresh.succeeded')
    AND instr(leaf, '"commitment":"') > 0;
