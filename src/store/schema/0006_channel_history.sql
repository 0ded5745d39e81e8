-- What was said in a group while nobody spoke to the agent: context of its next turn there, then gone.
CREATE TABLE channel_history(
  sequence INTEGER PRIMARY KEY, channel TEXT NOT NULL, account TEXT NOT NULL, chat TEXT NOT NULL, message_id TEXT NOT NULL,
  sender TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX channel_history_chat ON channel_history(channel, account, chat, message_id);

-- What went out of an answer before its end.
CREATE INDEX outbox_blocks ON outbox(run_id) WHERE kind = 'block';
