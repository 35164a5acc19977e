-- The Merkle tree over the audit log, the checkpoints that were signed of it,
-- and the newest one that each witness has. Leaves stand in `audit`.

-- Up to 256 hashes of 32 bytes: the children of the node eight levels up. What
-- is full never changes; in the others hashes are only ever added. A rowid, for
-- the rows are wide.
CREATE TABLE audit_tile (
  level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 7),
  tile INTEGER NOT NULL,
  hashes BLOB NOT NULL
    CHECK (length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0),
  version INTEGER NOT NULL,
  PRIMARY KEY (level, tile)
) STRICT;

-- Updated when a witness signs it too.
CREATE TABLE audit_checkpoint (
  size INTEGER PRIMARY KEY CHECK (size > 0),
  time INTEGER NOT NULL,
  note TEXT NOT NULL,
  version INTEGER NOT NULL
) STRICT;

-- Leaves that went from `audit` to a file: each range begins where the one before
-- ended.
CREATE TABLE audit_archive (
  last INTEGER PRIMARY KEY CHECK (last >= first),
  first INTEGER NOT NULL,
  time INTEGER NOT NULL,
  location TEXT NOT NULL
) STRICT;

CREATE TABLE audit_witness (
  id TEXT NOT NULL PRIMARY KEY,
  size INTEGER NOT NULL,
  time INTEGER NOT NULL,
  note TEXT NOT NULL,
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
