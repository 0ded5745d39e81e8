CREATE TABLE sessions(
  key TEXT PRIMARY KEY, agent_id TEXT NOT NULL, session_id TEXT NOT NULL, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL,
  channel TEXT NOT NULL DEFAULT 'webchat', label TEXT, model TEXT, thinking TEXT, verbose TEXT,
  input_tokens INTEGER NOT NULL DEFAULT 0, output_tokens INTEGER NOT NULL DEFAULT 0, cache_read INTEGER NOT NULL DEFAULT 0,
  cache_write INTEGER NOT NULL DEFAULT 0, cost_micro_usd INTEGER NOT NULL DEFAULT 0, unpriced_calls INTEGER NOT NULL DEFAULT 0,
  context_tokens INTEGER NOT NULL DEFAULT 0, last_provider TEXT, last_model TEXT, system_sent INTEGER NOT NULL DEFAULT 0,
  aborted_last INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE INDEX sessions_by_update ON sessions(updated_ms DESC);

-- One row per transcript entry; `body` is the entry as OpenClaw's JSONL spells it. The .jsonl files are projections of this table.
CREATE TABLE entries(
  sequence INTEGER PRIMARY KEY, session_id TEXT NOT NULL, entry_id TEXT NOT NULL, run_id TEXT NOT NULL DEFAULT '', body TEXT NOT NULL);
CREATE INDEX entries_by_session ON entries(session_id, sequence);

-- Every accepted message. (channel, dedupe_key) makes a redelivery a no-op. States: accepted, running, answered, failed, aborted.
CREATE TABLE inbox(
  sequence INTEGER PRIMARY KEY, channel TEXT NOT NULL, dedupe_key TEXT NOT NULL, run_id TEXT NOT NULL UNIQUE, session_key TEXT NOT NULL,
  body TEXT NOT NULL, state TEXT NOT NULL, received_ms INTEGER NOT NULL, finished_ms INTEGER, error TEXT, retry_of TEXT,
  UNIQUE(channel, dedupe_key));
CREATE INDEX inbox_open ON inbox(sequence) WHERE state IN ('accepted', 'running');

-- Receipts: a row before the effect, completed after it. A row without a result means: outcome unknown.
CREATE TABLE tool_calls(
  run_id TEXT NOT NULL, call_id TEXT NOT NULL, session_key TEXT NOT NULL, agent_id TEXT NOT NULL, tool TEXT NOT NULL, risk TEXT NOT NULL,
  summary TEXT NOT NULL, effect_digest TEXT NOT NULL, grant_id TEXT, started_ms INTEGER NOT NULL, finished_ms INTEGER, is_error INTEGER,
  PRIMARY KEY(run_id, call_id)) WITHOUT ROWID;

-- States: pending, allowed, denied, expired, consumed.
CREATE TABLE approvals(
  id TEXT PRIMARY KEY, effect_digest TEXT NOT NULL, agent_id TEXT NOT NULL, session_key TEXT NOT NULL, run_id TEXT NOT NULL,
  call_id TEXT NOT NULL, request TEXT NOT NULL, state TEXT NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,
  resolved_ms INTEGER, resolved_by TEXT) WITHOUT ROWID;
CREATE INDEX approvals_pending ON approvals(created_ms) WHERE state = 'pending';

-- What "allow always" stored.
CREATE TABLE command_rules(
  id INTEGER PRIMARY KEY, agent_id TEXT NOT NULL, binary TEXT NOT NULL, arguments TEXT NOT NULL, created_ms INTEGER NOT NULL,
  created_by TEXT NOT NULL, UNIQUE(agent_id, binary, arguments));

-- Money by scope and period, in millionths of a US dollar: spent is settled, reserved is what running calls may still cost.
CREATE TABLE spend(
  scope TEXT NOT NULL, period TEXT NOT NULL, spent INTEGER NOT NULL DEFAULT 0, reserved INTEGER NOT NULL DEFAULT 0,
  calls INTEGER NOT NULL DEFAULT 0, input_tokens INTEGER NOT NULL DEFAULT 0, output_tokens INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(scope, period)) WITHOUT ROWID;
CREATE TABLE reservations(
  id TEXT PRIMARY KEY, run_id TEXT NOT NULL, amount INTEGER NOT NULL, scopes TEXT NOT NULL, created_ms INTEGER NOT NULL) WITHOUT ROWID;

-- Credentials of clients, as SHA-256. Kinds: login (one use), client.
CREATE TABLE tokens(
  hash TEXT PRIMARY KEY, kind TEXT NOT NULL, role TEXT NOT NULL, scopes TEXT NOT NULL, created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL, last_used_ms INTEGER) WITHOUT ROWID;
