-- Whose authorization server a grant is of, and where a browser was sent.
-- Nothing is known of earlier rows: '' fits any.

ALTER TABLE connection ADD COLUMN issuer TEXT NOT NULL DEFAULT '';
ALTER TABLE oauth_flow ADD COLUMN issuer TEXT NOT NULL DEFAULT '';
