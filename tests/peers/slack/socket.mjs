// The server's end of a WebSocket on a bare socket, as far as a peer needs one: text, ping and close.
import crypto from "node:crypto";
import { encodeFrame, opcodes } from "../../journeys/lib/websocket.mjs";

/** One masked frame from the front of `bytes`: {final, opcode, payload, size}, or undefined when it is not whole. */
function decodeMasked(bytes) {
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
  if (bytes.length < offset + 4 + length) return undefined;
  const mask = bytes.subarray(offset, offset + 4);
  const payload = Buffer.from(bytes.subarray(offset + 4, offset + 4 + length));
  for (let index = 0; index < payload.length; index++) payload[index] ^= mask[index & 3];
  return { final: (bytes[0] & 0x80) !== 0, opcode: bytes[0] & 0x0f, payload, size: offset + 4 + length, masked: (bytes[1] & 0x80) !== 0 };
}

export class ServerSocket {
  open = true;
  #received = Buffer.alloc(0);
  #fragments = [];

  /** Answers the upgrade; `onText` gets each text message, `onClose` is called once. */
  constructor(request, socket, { onText, onClose }) {
    this.socket = socket;
    this.onText = onText;
    const key = request.headers["sec-websocket-key"];
    const accept = crypto.createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    socket.setNoDelay(true);
    socket.on("data", (data) => this.#take(data));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.open = false;
      onClose();
    });
  }

  #take(data) {
    this.#received = Buffer.concat([this.#received, data]);
    for (let frame = decodeMasked(this.#received); frame; frame = decodeMasked(this.#received)) {
      this.#received = this.#received.subarray(frame.size);
      if (!frame.masked) return this.socket.destroy(); // RFC 6455, 5.1
      if (frame.opcode === opcodes.close) {
        this.#frame(opcodes.close, frame.payload);
        this.open = false;
        return this.socket.end();
      }
      if (frame.opcode === opcodes.ping) this.#frame(opcodes.pong, frame.payload);
      if (frame.opcode !== opcodes.text && frame.opcode !== opcodes.continuation) continue;
      this.#fragments.push(frame.payload);
      if (frame.final) this.onText(Buffer.concat(this.#fragments.splice(0)).toString("utf8"));
    }
  }

  #frame(opcode, payload) {
    if (!this.socket.destroyed) this.socket.write(encodeFrame(opcode, payload, { masked: false }));
  }

  send(text) {
    this.#frame(opcodes.text, Buffer.isBuffer(text) ? text : Buffer.from(text));
  }

  ping() {
    this.#frame(opcodes.ping, Buffer.from("Ping from applink"));
  }

  close() {
    this.#frame(opcodes.close, Buffer.from([3, 232]));
    this.socket.end();
  }

  destroy() {
    this.socket.destroy();
  }
}
