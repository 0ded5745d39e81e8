// The server's end of WebSockets (RFC 6455) on a node HTTP server, without a package: what the fake needs, and ways to break the rules.
import crypto from "node:crypto";

const accept = (key) => crypto.createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");

export class ServerSocket {
  onText = () => {};
  onClose = () => {};
  #received = Buffer.alloc(0);
  #fragments = [];
  #closed = false;

  constructor(request, socket, head) {
    this.socket = socket;
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept(request.headers["sec-websocket-key"])}\r\n\r\n`,
    );
    socket.setNoDelay(true);
    socket.on("data", (bytes) => this.#take(bytes));
    socket.on("error", () => {});
    socket.on("close", () => this.#ended(1006));
    // The one who opens a connection sets its callbacks in the same turn.
    if (head.length) setImmediate(() => this.#take(head));
  }

  get open() {
    return !this.#closed;
  }

  send(text) {
    this.frame(1, Buffer.from(text));
  }

  /** A frame with any content, also with bytes that are no text. */
  frame(opcode, payload) {
    if (this.#closed || this.socket.destroyed) return;
    let head;
    if (payload.length < 126) head = Buffer.from([0x80 | opcode, payload.length]);
    else if (payload.length < 65536) {
      head = Buffer.from([0x80 | opcode, 126, 0, 0]);
      head.writeUInt16BE(payload.length, 2);
    } else {
      head = Buffer.alloc(10);
      head[0] = 0x80 | opcode;
      head[1] = 127;
      head.writeBigUInt64BE(BigInt(payload.length), 2);
    }
    this.socket.write(Buffer.concat([head, payload]));
  }

  close(code, reason = "") {
    const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
    payload.writeUInt16BE(code, 0);
    payload.write(reason, 2);
    this.frame(8, payload);
    this.socket.end();
    this.#ended(code);
  }

  /** As a cable that is pulled. */
  destroy() {
    this.socket.destroy();
    this.#ended(1006);
  }

  #ended(code) {
    if (this.#closed) return;
    this.#closed = true;
    this.onClose(code);
  }

  #take(bytes) {
    this.#received = Buffer.concat([this.#received, bytes]);
    for (;;) {
      const all = this.#received;
      if (all.length < 2) return;
      let length = all[1] & 0x7f;
      let offset = 2;
      if (length === 126) {
        if (all.length < 4) return;
        length = all.readUInt16BE(2);
        offset = 4;
      } else if (length === 127) {
        if (all.length < 10) return;
        length = Number(all.readBigUInt64BE(2));
        offset = 10;
      }
      const masked = (all[1] & 0x80) !== 0;
      if (all.length < offset + (masked ? 4 : 0) + length) return;
      if (!masked) return this.close(1002, "a client must mask");
      const mask = all.subarray(offset, offset + 4);
      const payload = Buffer.from(all.subarray(offset + 4, offset + 4 + length));
      for (let index = 0; index < payload.length; ++index) payload[index] ^= mask[index & 3];
      this.#received = all.subarray(offset + 4 + length);
      this.#frame((all[0] & 0x80) !== 0, all[0] & 0x0f, payload);
    }
  }

  #frame(final, opcode, payload) {
    if (opcode === 8) {
      const code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      this.frame(8, payload.subarray(0, 2));
      this.socket.end();
      return this.#ended(code);
    }
    if (opcode === 9) return this.frame(10, payload);
    if (opcode === 10) return;
    this.#fragments.push(payload);
    if (!final) return;
    const whole = Buffer.concat(this.#fragments.splice(0));
    this.onText(whole.toString("utf8"));
  }
}
