// A person on WhatsApp with a phone of their own: real Signal sessions and sender keys, so that what the bot sends must be readable.
const server = "s.whatsapp.net";
const silent = { level: "silent", child: () => silent };
for (const name of ["trace", "debug", "info", "warn", "error"]) silent[name] = () => {};

function keysInMemory() {
  const all = {};
  return {
    get: async (type, ids) => Object.fromEntries(ids.map((id) => [id, all[type]?.[id]]).filter(([, one]) => one != null)),
    set: async (data) => {
      for (const [type, ids] of Object.entries(data))
        for (const [id, one] of Object.entries(ids)) {
          all[type] ??= {};
          if (one == null) delete all[type][id];
          else all[type][id] = one;
        }
    },
  };
}

let chain = Promise.resolve();

export class Contact {
  #b;
  #creds;
  #keys;
  #signal;
  #nextPreKey = 1;
  #talks = false; // has a session with the bot

  constructor(baileys, { number, lid, name }) {
    this.#b = baileys;
    this.number = number;
    this.name = name;
    this.jid = `${number}@${server}`;
    this.lid = `${lid}@lid`;
    this.#creds = baileys.initAuthCreds();
    this.#creds.me = { id: this.jid, lid: this.lid };
    this.#keys = baileys.addTransactionCapability(keysInMemory(), silent, { maxCommitRetries: 3, delayBetweenTriesMs: 10 });
    this.#signal = baileys.makeLibSignalRepository({ creds: this.#creds, keys: this.#keys }, silent, async () => []);
  }

  is(user) {
    return user === this.number || `${user}@lid` === this.lid;
  }

  /**
   * One thing at a time, for all people together: the Signal library queues by the bot's address alone, and would run what one
   * person does within the transaction of another.
   */
  #inTurn(work) {
    const done = chain.then(work);
    chain = done.catch(() => {});
    return done;
  }

  async bundle(jid) {
    const { Curve, encodeBigEndian } = this.#b;
    const pair = Curve.generateKeyPair();
    const id = this.#nextPreKey++;
    await this.#keys.set({ "pre-key": { [id]: pair } });
    const node = (tag, content) => ({ tag, attrs: {}, content });
    const signed = this.#creds.signedPreKey;
    return {
      tag: "user",
      attrs: { jid },
      content: [
        node("registration", encodeBigEndian(this.#creds.registrationId)),
        node("type", Buffer.from([5])),
        node("identity", this.#creds.signedIdentityKey.public),
        node("skey", [node("id", encodeBigEndian(signed.keyId, 3)), node("value", signed.keyPair.public), node("signature", signed.signature)]),
        node("key", [node("id", encodeBigEndian(id, 3)), node("value", pair.public)]),
      ],
    };
  }

  /** The bot has other keys now: what was agreed with the former ones is worth nothing. */
  forgetBot() {
    this.#talks = false;
  }

  /** The parts of a stanza that say `bytes` to the bot. `bot`: {jid, takeBundle()} */
  encrypt(bot, bytes) {
    return this.#inTurn(async () => {
      if (!this.#talks) await this.#signal.injectE2ESession({ jid: bot.jid, session: bot.takeBundle() });
      this.#talks = true;
      const { type, ciphertext } = await this.#signal.encryptMessage({ jid: bot.jid, data: bytes });
      return { tag: "enc", attrs: { v: "2", type }, content: ciphertext };
    });
  }

  async encryptForGroup(bot, group, bytes) {
    const sealed = await this.#inTurn(() => this.#signal.encryptGroupMessage({ group, meId: this.jid, data: bytes }));
    const senderKeyDistributionMessage = { groupId: group, axolotlSenderKeyDistributionMessage: sealed.senderKeyDistributionMessage };
    const key = await this.encrypt(bot, this.#b.encodeWAMessage({ senderKeyDistributionMessage }));
    return [key, { tag: "enc", attrs: { v: "2", type: "skmsg" }, content: sealed.ciphertext }];
  }

  /** What the bot says to this person alone; a sender key is taken in and says nothing. */
  decrypt(botJid, { attrs, content }) {
    return this.#inTurn(async () => {
      const bytes = await this.#signal.decryptMessage({ jid: botJid, type: attrs.type, ciphertext: content });
      const message = this.#b.proto.Message.decode(this.#b.unpadRandomMax16(bytes));
      if (!message.senderKeyDistributionMessage) return message;
      await this.#signal.processSenderKeyDistributionMessage({ authorJid: botJid, item: message.senderKeyDistributionMessage });
      return null;
    });
  }

  decryptFromGroup(botJid, group, content) {
    return this.#inTurn(async () => {
      const bytes = await this.#signal.decryptGroupMessage({ group, authorJid: botJid, msg: content });
      return this.#b.proto.Message.decode(this.#b.unpadRandomMax16(bytes));
    });
  }
}
