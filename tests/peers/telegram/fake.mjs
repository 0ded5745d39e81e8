// Telegram's Bot API as far as a bot uses it, on loopback: long polling with offsets, the 409 of two pollers, webhooks with a
// secret, files, limits and faults on demand. conformance.test.mjs lets grammY judge it.
import http from "node:http";

export const me = {
  id: 4242,
  is_bot: true,
  first_name: "Claw",
  username: "claw_bot",
  can_join_groups: true,
  can_read_all_group_messages: false,
  supports_inline_queries: false,
};

const knownTags = /<(?!\/?(?:b|strong|i|em|u|s|a|code|pre|blockquote|tg-spoiler)\b)/i;

// The reactions that a bot without payment may set; a part of Telegram's list.
const reactions = ["👍", "👎", "❤", "🔥", "🥰", "👏", "😁", "🤔", "🤯", "😱", "😢", "🎉", "🤩", "🙏", "👌", "👀", "💯", "⚡", "🏆", "🤝", "✍", "🫡", "🆒", "😎"];

// Telegram counts what is left when the markup has been read.
export function shown({ text, parse_mode }) {
  if (parse_mode !== "HTML") return text;
  const words = text.replace(/<[^>]*>/g, "");
  return words.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
}

/** The tag that is open at the end, or closed in the wrong order. */
function unclosed(html) {
  const open = [];
  for (const [, slash, name] of html.matchAll(/<(\/?)([a-z-]+)[^>]*>/gi)) {
    if (!slash) open.push(name);
    else if (open.pop() !== name) return name;
  }
  return open.at(-1);
}

function multipart(body, contentType) {
  const boundary = "--" + /boundary="?([^";]+)/.exec(contentType)[1];
  const fields = {};
  for (const part of body.toString("latin1").split(boundary).slice(1, -1)) {
    const end = part.indexOf("\r\n\r\n");
    const head = part.slice(0, end);
    const content = Buffer.from(part.slice(end + 4, -2), "latin1");
    const name = /name="([^"]+)"/.exec(head)?.[1];
    const file = /filename="?([^";\r\n]*)/.exec(head)?.[1]; // some clients write no quotes
    const type = /content-type: *([^\r\n]+)/i.exec(head)?.[1];
    fields[name] = file === undefined ? content.toString("utf8") : { filename: file, type, bytes: content.toString("base64") };
  }
  return fields;
}

export class FakeTelegram {
  token = "4242:TEST-telegram-token";
  calls = [];
  faults = [];
  files = new Map();
  commands = [];
  proxy = (url) => url; // how a webhook's public address is reached from here
  #messages = new Map();
  #raw = [];
  #queue = [];
  #nextUpdate = 1000;
  #nextMessage = 1;
  #poll = null;
  #webhook = null;
  #sockets = new Set();

  static async start() {
    const fake = new FakeTelegram();
    fake.server = http.createServer((request, response) => fake.#serve(request, response));
    fake.server.on("connection", (socket) => {
      fake.#sockets.add(socket);
      socket.on("close", () => fake.#sockets.delete(socket));
    });
    await new Promise((resolve) => fake.server.listen(0, "127.0.0.1", resolve));
    fake.url = `http://127.0.0.1:${fake.server.address().port}`;
    return fake;
  }

  async stop() {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** An update that the bot will get; one with an update_id again is the same update, delivered twice. */
  async inject(update, { secret = this.#webhook?.secret_token } = {}) {
    const whole = { update_id: update.update_id ?? this.#nextUpdate++, ...update };
    update.update_id = whole.update_id;
    for (const kind of ["message", "channel_post"]) if (whole[kind]?.chat) this.#keep(whole[kind]);
    if (this.#webhook) {
      const headers = { "content-type": "application/json", ...(secret && { "x-telegram-bot-api-secret-token": secret }) };
      const answer = await fetch(this.proxy(this.#webhook.url), { method: "POST", headers, body: JSON.stringify(whole) });
      return { status: answer.status, update: whole };
    }
    this.#queue.push(whole);
    this.#poll?.();
    return { update: whole };
  }

  #keep(message) {
    this.#messages.set(`${message.chat.id}/${message.message_id}`, message);
  }

  /** A message of a chat by its id, as a reply quotes it. */
  message_of(chat, id) {
    const { reply_to_message, source, ...message } = this.#messages.get(`${chat}/${id}`) ?? {};
    return message.message_id === undefined ? undefined : message;
  }

  /** The next poll gets these bytes instead of updates. */
  answerPoll(body) {
    this.#raw.push(body);
    this.#poll?.();
  }

  message(text, { from = { id: 7, first_name: "Ada", username: "ada" }, chat, ...more } = {}) {
    return {
      message: {
        message_id: this.#nextMessage++,
        date: Math.floor(Date.now() / 1000),
        from: { is_bot: false, ...from },
        chat: chat ?? { id: from.id, type: "private", first_name: from.first_name },
        text,
        ...more,
      },
    };
  }

  /** fault: {method (a name or an expression), status, description?, retry_after?, drop?: "before" | "after", stall?, markup?, times?} */
  fault(fault) {
    this.faults.push({ times: 1, ...fault });
  }

  dropConnections() {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** What was sent to a chat, in order. */
  sent(chat) {
    return this.calls
      .filter((call) => /^send(?!ChatAction)/.test(call.method) && !call.refused && String(call.parameters.chat_id) === String(chat))
      .map((call) => call.parameters);
  }

  #edited({ chat_id, message_id, ...parameters }) {
    const message = this.#messages.get(`${chat_id}/${message_id}`);
    return Object.assign(message, { text: shown(parameters), source: parameters.text, edit_date: message.date });
  }

  #answer(response, status, body) {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  }

  async #serve(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const address = new URL(request.url, "http://fake");
    const good = (result) => this.#answer(response, 200, { ok: true, result });
    const bad = (code, description, parameters) =>
      this.#answer(response, code, { ok: false, error_code: code, description, ...(parameters && { parameters }) });

    const file = /^\/file\/bot([^/]+)\/(.+)$/.exec(address.pathname);
    if (file) {
      if (file[1] !== this.token) return bad(401, "Unauthorized");
      const content = this.files.get(file[2]);
      if (!content) return bad(404, "Not Found");
      response.writeHead(200, { "content-type": content.type ?? "application/octet-stream" });
      return response.end(content.bytes);
    }
    const path = /^\/bot([^/]+)\/(\w+)$/.exec(address.pathname);
    if (!path) return bad(404, "Not Found");
    if (path[1] !== this.token) return bad(401, "Unauthorized");
    const method = path[2];
    const type = request.headers["content-type"] ?? "";
    let parameters = Object.fromEntries(address.searchParams);
    if (type.includes("json") && body.length) parameters = { ...parameters, ...JSON.parse(body) };
    else if (type.includes("multipart")) parameters = { ...parameters, ...multipart(body, type) };
    else if (type.includes("urlencoded")) parameters = { ...parameters, ...Object.fromEntries(new URLSearchParams(body.toString())) };
    for (const [key, value] of Object.entries(parameters))
      if (typeof value === "string" && /^[[{]/.test(value) && key !== "text" && key !== "caption")
        try {
          parameters[key] = JSON.parse(value);
        } catch {
          // it was a text after all
        }
    const call = { method, parameters, at: Date.now() };
    this.calls.push(call);
    const hits = (fault) => (fault.method instanceof RegExp ? fault.method.test(method) : fault.method === method);
    const fault = this.faults.find((one) => one.times > 0 && hits(one) && (!one.markup || parameters.parse_mode));
    if (fault) {
      --fault.times;
      call.refused = fault.drop !== "after";
      if (fault.drop === "after") call.message_id = this.#nextMessage++;
      if (fault.stall) return;
      if (fault.drop) return request.socket.destroy();
      return bad(fault.status, fault.description ?? "Too Many Requests: retry later", fault.retry_after !== undefined ? { retry_after: fault.retry_after } : undefined);
    }
    const refuse = (code, description) => {
      call.refused = true;
      return bad(code, description);
    };
    const sent = (more) => {
      const replied = parameters.reply_parameters;
      if (replied && !replied.allow_sending_without_reply && !this.#messages.has(`${parameters.chat_id}/${replied.message_id}`))
        return refuse(400, "Bad Request: message to be replied not found");
      const chat = { id: Number(parameters.chat_id), type: Number(parameters.chat_id) < 0 ? "supergroup" : "private" };
      call.message_id = this.#nextMessage++;
      const message = { message_id: call.message_id, from: me, chat, date: Math.floor(Date.now() / 1000), ...more };
      this.#keep(message);
      return good(message);
    };
    switch (method) {
      case "getMe":
        return good(me);
      case "deleteWebhook":
        this.#webhook = null;
        return good(true);
      case "setWebhook":
        this.#webhook = { url: parameters.url, secret_token: parameters.secret_token };
        return good(true);
      case "getUpdates":
        return this.#long_poll(parameters, response, good, bad);
      case "setMyCommands":
        if (!Array.isArray(parameters.commands) || parameters.commands.length > 100) return refuse(400, "Bad Request: BOT_COMMANDS_TOO_MUCH");
        if (parameters.commands.some(({ command }) => !/^[a-z0-9_]{1,32}$/.test(command))) return refuse(400, "Bad Request: BOT_COMMAND_INVALID");
        if (parameters.commands.some(({ description }) => !description || description.length > 256))
          return refuse(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID");
        this.commands = parameters.commands;
        return good(true);
      case "setMessageReaction":
        if ((parameters.reaction ?? []).some(({ emoji }) => !reactions.includes(emoji))) return refuse(400, "Bad Request: REACTION_INVALID");
        return good(true);
      case "deleteMessage":
        if (!this.#messages.delete(`${parameters.chat_id}/${parameters.message_id}`)) return refuse(400, "Bad Request: message to delete not found");
        return good(true);
      case "getMyCommands":
        return good(this.commands);
      case "sendChatAction":
      case "answerCallbackQuery":
        return good(true);
      case "sendMessage":
      case "editMessageText":
        if (method === "editMessageText") {
          const old = this.#messages.get(`${parameters.chat_id}/${parameters.message_id}`);
          if (old?.from?.id !== me.id) return refuse(400, "Bad Request: message to edit not found");
          if (old.source === parameters.text) {
            return refuse(400, "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content");
          }
        }
        if (!parameters.text) return refuse(400, "Bad Request: message text is empty");
        if (shown(parameters).length > 4096) return refuse(400, "Bad Request: message is too long");
        if (parameters.parse_mode === "HTML" && unclosed(parameters.text))
          return refuse(400, `Bad Request: can't parse entities: Can't find end tag corresponding to start tag "${unclosed(parameters.text)}"`);
        if (parameters.parse_mode === "HTML" && knownTags.test(parameters.text))
          return refuse(400, "Bad Request: can't parse entities: Unsupported start tag at byte offset 0");
        if (method === "sendMessage") return sent({ text: shown(parameters), source: parameters.text });
        return good(this.#edited(parameters));
      case "sendPhoto":
      case "sendDocument":
      case "sendVoice":
      case "sendAudio":
      case "sendVideo":
      case "sendAnimation": {
        const field = method.slice(4).toLowerCase();
        // grammY names the part that holds the bytes.
        const named = /^attach:\/\/(.+)$/.exec(parameters[field])?.[1];
        if (named) parameters[field] = parameters[named];
        if (!parameters[field]?.bytes) return refuse(400, `Bad Request: there is no ${field} in the request`);
        if (shown({ text: parameters.caption ?? "", parse_mode: parameters.parse_mode }).length > 1024)
          return refuse(400, "Bad Request: message caption is too long");
        const file = { file_id: `sent-${this.calls.length}`, file_unique_id: `u${this.calls.length}`, file_size: parameters[field].bytes.length };
        const whole = field === "photo" ? [{ ...file, width: 1, height: 1 }] : { ...file, file_name: parameters[field].filename, duration: 1 };
        return sent({ caption: parameters.caption, [field]: whole });
      }
      case "getFile":
        return this.files.has(`files/${parameters.file_id}`)
          ? good({ file_id: parameters.file_id, file_unique_id: "u", file_path: `files/${parameters.file_id}` })
          : bad(400, "Bad Request: invalid file_id");
      default:
        return bad(404, "Not Found: method not found");
    }
  }

  #long_poll(parameters, response, good, bad) {
    if (this.#webhook) return bad(409, "Conflict: can't use getUpdates method while webhook is active");
    this.#poll?.("conflict");
    const offset = Number(parameters.offset ?? 0);
    if (offset > 0) this.#queue = this.#queue.filter((update) => update.update_id >= offset);
    let done = false;
    const answer = (why) => {
      if (done) return;
      if (this.#raw.length > 0) {
        done = true;
        clearTimeout(timer);
        if (this.#poll === answer) this.#poll = null;
        response.writeHead(200, { "content-type": "application/json" });
        return response.end(this.#raw.shift());
      }
      const ready = this.#queue.filter((update) => update.update_id >= offset).slice(0, 100);
      if (why === undefined && ready.length === 0) return;
      done = true;
      clearTimeout(timer);
      if (this.#poll === answer) this.#poll = null;
      if (why === "conflict") bad(409, "Conflict: terminated by other getUpdates request");
      else good(ready);
    };
    const timer = setTimeout(() => answer("late"), Number(parameters.timeout ?? 0) * 1000);
    response.on("close", () => {
      done = true;
      clearTimeout(timer);
      if (this.#poll === answer) this.#poll = null;
    });
    this.#poll = answer;
    answer();
  }
}
