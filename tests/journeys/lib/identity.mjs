// A device's Ed25519 identity and the strings that it signs when it connects.
import crypto from "node:crypto";

const base64url = (bytes) => bytes.toString("base64url");

export function newIdentity() {
  const { publicKey, privateKey } = crypto.generateKeyPairSync("ed25519");
  const raw = publicKey.export({ type: "spki", format: "der" }).subarray(12);
  return {
    deviceId: crypto.createHash("sha256").update(raw).digest("hex"),
    publicKey: base64url(raw),
    privateKey,
  };
}

/** The exact text that version "v2" (2026.1.30) or "v3" (2026.9) of the signature covers. */
export function signedText(version, identity, { client, role, scopes, signedAt, token, nonce }) {
  const parts = [version, identity.deviceId, client.id, client.mode, role, scopes.join(","), signedAt, token, nonce];
  if (version === "v3") {
    const lowered = (text = "") => text.trim().toLowerCase();
    parts.push(lowered(client.platform), lowered(client.deviceFamily));
  }
  return parts.join("|");
}

/** The `device` part of the connect parameters. */
export function signedDevice(version, identity, facts) {
  const text = Buffer.from(signedText(version, identity, facts), "utf8");
  return {
    id: identity.deviceId,
    publicKey: identity.publicKey,
    signature: base64url(crypto.sign(null, text, identity.privateKey)),
    signedAt: facts.signedAt,
    nonce: facts.nonce,
  };
}
