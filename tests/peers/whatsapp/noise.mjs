// The server's half of WhatsApp's transport: Noise XX with a made-up certificate, then frames of three length bytes.
const header = Buffer.from([87, 65, 6, 3]);
const name = Buffer.from("Noise_XX_25519_AESGCM_SHA256\0\0\0\0");

const counterOf = (number) => {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(number, 8);
  return bytes;
};

export class Transport {
  #b;
  #hash = name;
  #salt = name;
  #sendKey = name;
  #receiveKey = name;
  #counter = 0;
  #received = 0;
  #sent = 0;
  #ephemeral;
  #theirs;
  #pending = Buffer.alloc(0);
  #first = true;
  ready = false;

  constructor(baileys, socket) {
    this.#b = baileys;
    this.socket = socket;
  }

  /** The frames in what arrived so far. */
  *frames(data) {
    this.#pending = Buffer.concat([this.#pending, data]);
    if (this.#first) {
      this.#first = false;
      // "ED" comes before the header when the client knows where it was routed last time.
      const routed = this.#pending[0] === 0x45 ? 7 + ((this.#pending[4] << 16) | this.#pending.readUInt16BE(5)) : 0;
      this.#pending = this.#pending.subarray(routed + header.length);
    }
    while (this.#pending.length >= 3) {
      const size = (this.#pending[0] << 16) | this.#pending.readUInt16BE(1);
      if (this.#pending.length < size + 3) return;
      const frame = this.#pending.subarray(3, 3 + size);
      this.#pending = this.#pending.subarray(3 + size);
      yield frame;
    }
  }

  #write(bytes) {
    const head = Buffer.alloc(3);
    head.writeUInt8(bytes.length >> 16, 0);
    head.writeUInt16BE(bytes.length & 0xffff, 1);
    if (this.socket.readyState === 1) this.socket.send(Buffer.concat([head, bytes]));
  }

  #authenticate(bytes) {
    this.#hash = this.#b.sha256(Buffer.concat([this.#hash, bytes]));
  }
  async #derive(bytes) {
    const key = await this.#b.hkdf(Buffer.from(bytes), 64, { salt: this.#salt, info: "" });
    return [key.subarray(0, 32), key.subarray(32)];
  }
  async #mix(bytes) {
    const [salt, key] = await this.#derive(bytes);
    this.#salt = salt;
    this.#sendKey = this.#receiveKey = key;
    this.#counter = 0;
  }
  #seal(bytes) {
    const sealed = this.#b.aesEncryptGCM(bytes, this.#sendKey, counterOf(this.#counter++), this.#hash);
    this.#authenticate(sealed);
    return sealed;
  }
  #open(bytes) {
    const plain = this.#b.aesDecryptGCM(bytes, this.#receiveKey, counterOf(this.#counter++), this.#hash);
    this.#authenticate(bytes);
    return plain;
  }

  /** One step of the handshake; the client's payload once it is complete. */
  async handshake(frame, serverKey) {
    const { Curve, proto } = this.#b;
    const message = proto.HandshakeMessage.decode(frame);
    if (message.clientHello) {
      this.#theirs = Buffer.from(message.clientHello.ephemeral);
      this.#authenticate(header);
      this.#authenticate(this.#theirs);
      this.#ephemeral = Curve.generateKeyPair();
      this.#authenticate(this.#ephemeral.public);
      await this.#mix(Curve.sharedKey(this.#ephemeral.private, this.#theirs));
      const sealedKey = this.#seal(serverKey.public);
      await this.#mix(Curve.sharedKey(serverKey.private, this.#theirs));
      const details = proto.CertChain.NoiseCertificate.Details.encode({ serial: 1, issuerSerial: 0, key: serverKey.public }).finish();
      const certificate = proto.CertChain.encode({ intermediate: { details, signature: Buffer.alloc(64) } }).finish();
      const serverHello = { ephemeral: this.#ephemeral.public, static: sealedKey, payload: this.#seal(certificate) };
      this.#write(Buffer.from(proto.HandshakeMessage.encode({ serverHello }).finish()));
      return null;
    }
    const theirKey = this.#open(Buffer.from(message.clientFinish.static));
    await this.#mix(Curve.sharedKey(this.#ephemeral.private, theirKey));
    const payload = proto.ClientPayload.decode(this.#open(Buffer.from(message.clientFinish.payload)));
    [this.#receiveKey, this.#sendKey] = await this.#derive(Buffer.alloc(0));
    this.ready = true;
    return payload;
  }

  send(node) {
    this.#write(this.#b.aesEncryptGCM(this.#b.encodeBinaryNode(node), this.#sendKey, counterOf(this.#sent++), Buffer.alloc(0)));
  }
  receive(frame) {
    return this.#b.decodeBinaryNode(this.#b.aesDecryptGCM(frame, this.#receiveKey, counterOf(this.#received++), Buffer.alloc(0)));
  }
}
