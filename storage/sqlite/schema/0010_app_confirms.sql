-- Which application says who came back, and in which browser the link was opened
-- first; and whether a code waits for its word.
ALTER TABLE interaction ADD COLUMN confirmer TEXT NOT NULL DEFAULT '';
ALTER TABLE interaction ADD COLUMN browser_hash BLOB NOT NULL DEFAULT x'';
ALTER TABLE oauth_flow ADD COLUMN code_held INTEGER NOT NULL DEFAULT 0;
