-- Devices by the hash of their key, as they described themselves when they were let in.
CREATE TABLE devices(
  device_id TEXT PRIMARY KEY, public_key TEXT NOT NULL, display_name TEXT NOT NULL, platform TEXT NOT NULL, client_id TEXT NOT NULL,
  client_mode TEXT NOT NULL, address TEXT NOT NULL, created_ms INTEGER NOT NULL, approved_ms INTEGER NOT NULL) WITHOUT ROWID;

-- What a device may do in a role. A revoked grant stays, so that the device does not come back by itself.
CREATE TABLE device_grants(
  device_id TEXT NOT NULL REFERENCES devices(device_id) ON DELETE CASCADE, role TEXT NOT NULL, scopes TEXT NOT NULL,
  created_ms INTEGER NOT NULL, rotated_ms INTEGER, revoked_ms INTEGER, last_used_ms INTEGER, PRIMARY KEY(device_id, role)) WITHOUT ROWID;

-- Tokens of a grant, as SHA-256.
CREATE TABLE device_tokens(
  hash TEXT PRIMARY KEY, device_id TEXT NOT NULL, role TEXT NOT NULL, created_ms INTEGER NOT NULL,
  FOREIGN KEY(device_id, role) REFERENCES device_grants(device_id, role) ON DELETE CASCADE) WITHOUT ROWID;
CREATE INDEX device_tokens_by_grant ON device_tokens(device_id, role, created_ms);

-- Devices that wait for a person, at most one row each in a role.
CREATE TABLE device_requests(
  request_id TEXT PRIMARY KEY, device_id TEXT NOT NULL, public_key TEXT NOT NULL, display_name TEXT NOT NULL, platform TEXT NOT NULL,
  client_id TEXT NOT NULL, client_mode TEXT NOT NULL, address TEXT NOT NULL, role TEXT NOT NULL, scopes TEXT NOT NULL,
  repair INTEGER NOT NULL, created_ms INTEGER NOT NULL, UNIQUE(device_id, role)) WITHOUT ROWID;
