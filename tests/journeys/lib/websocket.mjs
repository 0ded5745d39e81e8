// A WebSocket client on a bare socket (RFC 6455), because a test must also be able to send what a good client never would.
import crypto from "node:crypto";
import net from "node:net";

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

function frameHeader(opcode, length, { final = true, masked = true } = {}) {
  const first = (final ? 0x80 : 0) | opcode;
  const mask = masked ? 0x80 : 0;
  if (length < 126) return Buffer.from([first, mask | length]);
  if (length < 65536) {
    const header = Buffer.from([first, mask | 126, 0, 0]);
    header.writeUInt16BE(length, 2);
    return header;
  }
  const header = Buffer.alloc(10);
  header[0] = first;
  header[1] = mask | 127;
  header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}

/** One frame. `claimedLength` writes another length into the header than the payload has. */
export function encodeFrame(opcode, payload, { claimedLength = payload.length, ...options } = {}) {
  const header = frameHeader(opcode, claimedLength, options);
  if (options.masked === false) return Buffer.concat([header, payload]);
  const mask = crypto.randomBytes(4);
  const body = Buffer.allocUnsafe(payload.length);
  for (let index = 0; index < payload.length; index++) body[index] = payload[index] ^ mask[index & 3];
  return Buffer.concat([header, mask, body]);
}

/** Reads one frame from the front of `bytes`: {final, opcode, payload, size}, or undefined when it is not whole. */
function decodeFrame(bytes) {
  if (bytes.length < 2) return undefined;
  let length = bytes[1] & 0x7f;
  let offset = 2;
  if (length === 126) {
    if (bytes.length < 4) return undefined;
    length = bytes.readUInt16BE(2);
    offset = 4;
  } else if (length === 127) {
    if (bytes.length < 10) return undefined;
    length = Number(bytes.readBigUInt64BE(2));
    offset = 10;
  }
  if (bytes.length < offset + length) return undefined;
  const payload = bytes.subarray(offset, offset + length);
  return { final: (bytes[0] & 0x80) !== 0, opcode: bytes[0] & 0x0f, payload, size: offset + length };
}

export class UpgradeRefused extends Error {
  constructor(status, response) {
    super(`the upgrade was refused: ${response.split("\r\n")[0]}`);
    this.status = status;
    this.response = response;
  }
}

export class WebSocketConnection {
  bytesIn = 0;
  #socket;
  #received = Buffer.alloc(0);
  #upgraded = false;
  #fragments = [];
  #resolveClosed;
  #closeFrame;

  /** `onText` gets each text message; `closed` resolves with {code, reason}. */
  constructor(url, { headers = {}, onText = () => {} } = {}) {
    this.url = new URL(url);
    this.onText = onText;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    this.opened = new Promise((resolve, reject) => this.#connect(headers, resolve, reject));
    this.opened.catch(() => {});
  }

  #connect(headers, resolve, reject) {
    const host = this.url.hostname.replace(/^\[|\]$/g, "");
    this.#socket = net.connect({ host, port: Number(this.url.port) });
    this.#socket.setNoDelay(true);
    this.#socket.on("connect", () => this.#socket.write(this.#upgradeRequest(headers)));
    this.#socket.on("data", (data) => {
      this.bytesIn += data.length;
      this.#received = this.#received.length > 0 ? Buffer.concat([this.#received, data]) : data;
      if (!this.#upgraded && !this.#readUpgrade(resolve, reject)) return;
      this.#readFrames();
    });
    this.#socket.on("error", reject);
    this.#socket.on("close", () => {
      reject(new Error("the connection closed before the upgrade"));
      this.#resolveClosed(this.#closeFrame ?? { code: 1006, reason: "" });
    });
  }

  #upgradeRequest(headers) {
    const all = {
      Host: this.url.host,
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-WebSocket-Key": crypto.randomBytes(16).toString("base64"),
      "Sec-WebSocket-Version": "13",
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    return `GET ${this.url.pathname}${this.url.search} HTTP/1.1\r\n${lines.join("")}\r\n`;
  }

  #readUpgrade(resolve, reject) {
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const head = this.#received.subarray(0, end).toString("latin1");
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
    if (status !== 101) {
      reject(new UpgradeRefused(status, this.#received.toString("utf8")));
      this.#socket.destroy();
      return false;
    }
    this.#received = this.#received.subarray(end + 4);
    this.#upgraded = true;
    resolve(this);
    return true;
  }

  #readFrames() {
    for (let frame = decodeFrame(this.#received); frame; frame = decodeFrame(this.#received)) {
      this.#received = this.#received.subarray(frame.size);
      this.#take(frame);
    }
  }

  #take({ final, opcode, payload }) {
    switch (opcode) {
      case opcodes.close:
        this.#closeFrame = {
          code: payload.length >= 2 ? payload.readUInt16BE(0) : 1005,
          reason: payload.subarray(2).toString("utf8"),
        };
        this.sendFrame(opcodes.close, payload);
        this.#socket.end();
        return;
      case opcodes.ping:
        this.sendFrame(opcodes.pong, payload);
        return;
      case opcodes.pong:
        return;
      default:
        this.#fragments.push(Buffer.from(payload));
        if (!final) return;
        this.onText(Buffer.concat(this.#fragments.splice(0)).toString("utf8"));
    }
  }

  /** Writes any bytes at all. */
  sendBytes(bytes) {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  sendFrame(opcode, payload, options) {
    this.sendBytes(encodeFrame(opcode, payload, options));
  }

  sendText(text) {
    this.sendFrame(opcodes.text, Buffer.from(text, "utf8"));
  }

  /** Says goodbye and resolves when the connection is gone. */
  close(code = 1000) {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code, 0);
    this.sendFrame(opcodes.close, payload);
    const timer = setTimeout(() => this.#socket.destroy(), 500);
    return this.closed.finally(() => clearTimeout(timer));
  }

  destroy() {
    this.#socket.destroy();
  }
}
