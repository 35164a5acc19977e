-- Backups that were made of this vault: what keeps their master keys from being
-- destroyed. Rows are narrow and few.
CREATE TABLE backup (
  id TEXT NOT NULL PRIMARY KEY,
  create_time INTEGER NOT NULL,
  lowest_kek_version INTEGER NOT NULL CHECK (lowest_kek_version > 0),
  highest_kek_version INTEGER NOT NULL
    CHECK (highest_kek_version >= lowest_kek_version),
  location TEXT NOT NULL,
  verify_time INTEGER NOT NULL,
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
