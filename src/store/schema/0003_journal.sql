-- What was done, by whom, for whom: only ever appended, each row's hash covers the one before. Rows are written in the transaction
-- of what they tell of.
CREATE TABLE journal(
  sequence INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, actor TEXT NOT NULL, behalf TEXT NOT NULL, agent_id TEXT NOT NULL,
  session_key TEXT NOT NULL, run_id TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, outcome TEXT NOT NULL,
  cost_micro_usd INTEGER NOT NULL, previous_hash TEXT NOT NULL, hash TEXT NOT NULL);
CREATE INDEX journal_by_time ON journal(time_ms);
-- Where the chain begins (what is older was let go) and ends: rows missing at either end are noticed.
CREATE TABLE journal_ends(place TEXT PRIMARY KEY, sequence INTEGER NOT NULL, hash TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO journal_ends VALUES ('before', 0, ''), ('last', 0, '');

-- The program that an "always" was given for; empty where only the machine's owner can change that file.
ALTER TABLE command_rules ADD COLUMN binary_sha256 TEXT NOT NULL DEFAULT '';
