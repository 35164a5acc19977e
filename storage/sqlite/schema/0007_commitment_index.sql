-- The index of 0004 again, with its kinds one by one: for `IN` with more than two
-- of them SQLite builds a B-tree of its own, with a pager, for each leaf that is
-- written, to look one kind up in it.
DROP INDEX audit_commitment;
CREATE INDEX audit_commitment
  ON audit (tenant, substr(leaf, instr(leaf, '"connection":"') + 14, 26),
    sequence)
  WHERE (kind = 'connection.created' OR kind = 'connection.renewed'
    OR kind = 'connection.resealed' OR kind = 'refresh.succeeded')
    AND instr(leaf, '"commitment":"') > 0;
