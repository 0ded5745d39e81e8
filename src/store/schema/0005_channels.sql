-- Messages on their way to a messenger. `body` is JSON: where to and what. States: queued, sending (in an attempt now),
-- sent, failed (its outcome is unknown, or a person must act), dead (given up). `parts_sent` pieces are delivered already.
CREATE TABLE outbox(
  sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, channel TEXT NOT NULL, account TEXT NOT NULL, chat TEXT NOT NULL,
  run_id TEXT NOT NULL DEFAULT '', kind TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL, parts_sent INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0, next_ms INTEGER NOT NULL DEFAULT 0, created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
  message_ids TEXT NOT NULL DEFAULT '[]', error TEXT);
CREATE INDEX outbox_open ON outbox(sequence) WHERE state IN ('queued', 'sending');
CREATE INDEX outbox_troubled ON outbox(sequence) WHERE state IN ('failed', 'dead');

-- Where an account's stream goes on, and small facts of it (how a conversation is reached).
CREATE TABLE channel_facts(
  channel TEXT NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, changed_ms INTEGER NOT NULL,
  PRIMARY KEY(channel, account, name)) WITHOUT ROWID;

-- People who asked to talk to an agent, by the code that their owner approves.
CREATE TABLE pairing_requests(
  channel TEXT NOT NULL, account TEXT NOT NULL, sender TEXT NOT NULL, code TEXT NOT NULL, name TEXT NOT NULL,
  chat TEXT NOT NULL, created_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL, PRIMARY KEY(channel, account, sender)) WITHOUT ROWID;
CREATE TABLE allowed_senders(
  channel TEXT NOT NULL, account TEXT NOT NULL, sender TEXT NOT NULL, name TEXT NOT NULL, created_ms INTEGER NOT NULL,
  created_by TEXT NOT NULL, PRIMARY KEY(channel, account, sender)) WITHOUT ROWID;
