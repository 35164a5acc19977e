-- What a person chose on the consent page, until they are back from the provider.
ALTER TABLE oauth_flow ADD COLUMN optional_scopes TEXT NOT NULL DEFAULT '';
ALTER TABLE oauth_flow ADD COLUMN task_id TEXT NOT NULL DEFAULT '';
