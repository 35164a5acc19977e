-- The agent for which an account was first connected; '' where that was not kept.
ALTER TABLE connection ADD COLUMN first_agent TEXT NOT NULL DEFAULT '';
