-- Who rests after failed model calls, so that a restart does not ask them again at once. An empty credential or model means all of them; a
-- credential is named by where it comes from and eight hex digits of its hash.
CREATE TABLE model_health(
  provider TEXT NOT NULL, credential TEXT NOT NULL, model TEXT NOT NULL, failure TEXT NOT NULL, failures INTEGER NOT NULL,
  failed_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, told INTEGER NOT NULL, text TEXT NOT NULL,
  PRIMARY KEY(provider, credential, model, failure)) WITHOUT ROWID;

-- What of `spent` was counted at an assumed price, and the tokens of caches, which `input_tokens` includes.
ALTER TABLE spend ADD COLUMN estimated INTEGER NOT NULL DEFAULT 0;
ALTER TABLE spend ADD COLUMN cache_read INTEGER NOT NULL DEFAULT 0;
ALTER TABLE spend ADD COLUMN cache_write INTEGER NOT NULL DEFAULT 0;
