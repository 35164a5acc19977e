-- A master key ends: what wraps nothing any more is retired, then destroyed, and
-- the proof that it wraps nothing is kept with the key that took its place.
-- Making the table anew is the only way to change its CHECK; foreign keys are off
-- meanwhile (schema.cc).

CREATE TABLE kek_next (
  version_number INTEGER PRIMARY KEY CHECK (version_number > 0),
  key_id BLOB NOT NULL,
  state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 5),
  create_time INTEGER NOT NULL,
  activate_time INTEGER NOT NULL,
  version INTEGER NOT NULL,
  proof TEXT NOT NULL,
  prove_time INTEGER NOT NULL,
  retire_time INTEGER NOT NULL,
  destroy_time INTEGER NOT NULL
) STRICT;

INSERT INTO kek_next
  SELECT version_number, key_id, state, create_time, activate_time, version,
    '', 9223372036854775807, 9223372036854775807, 9223372036854775807
  FROM kek;
DROP TABLE kek;
ALTER TABLE kek_next RENAME TO kek;

CREATE UNIQUE INDEX kek_one_active ON kek (state) WHERE state = 2;

-- Who made a data key while the active master key changed makes it again: else
-- a key that was proved unused could come into use.
CREATE TRIGGER dek_under_active_kek BEFORE INSERT ON dek
WHEN NEW.kek_version < (SELECT version_number FROM kek WHERE state = 2)
BEGIN
  SELECT RAISE(ABORT, 'wrapped by an older master key');
END;

-- What signs the proofs and the audit log. The seed is a TKV1 envelope.
CREATE TABLE signing_key (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  name TEXT NOT NULL,
  public_key BLOB NOT NULL,
  sealed_seed BLOB NOT NULL,
  create_time INTEGER NOT NULL
) STRICT;
