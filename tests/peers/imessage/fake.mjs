// imsg's JSON-RPC (0.4 and later) as a bot uses it, with recorded shapes: rows of Messages' database, watching from a row on, sending.
// The program that is started is fake_imsg.mjs, which only passes lines on. The real one runs on a Mac only, so nothing judges this.
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("./fake_imsg.mjs", import.meta.url));
// From the other device to the database.
const wayMs = 30;

export class FakeImsg {
  calls = [];
  starts = [];
  faults = [];
  subscriptions = 0; // ever
  chats = new Map(); // chat_id → {identifier, guid, name, participants}
  #rows = [];
  #next = 1;
  #children = new Set(); // {socket, since, subscription}

  static async start() {
    const fake = new FakeImsg();
    fake.folder = fs.mkdtempSync(path.join(os.tmpdir(), "openclaw-imsg-"));
    fake.attachments = path.join(fake.folder, "Library/Messages/Attachments/ab");
    fs.mkdirSync(fake.attachments, { recursive: true });
    fake.server = net.createServer((socket) => fake.#child(socket));
    await new Promise((resolve) => fake.server.listen(0, "127.0.0.1", resolve));
    fake.cliPath = path.join(fake.folder, "imsg");
    fs.writeFileSync(fake.cliPath, `#!/bin/sh\nFAKE_IMSG=${fake.server.address().port} exec '${process.execPath}' '${program}' "$@"\n`, { mode: 0o755 });
    return fake;
  }

  async stop() {
    this.drop();
    await new Promise((resolve) => this.server.close(resolve));
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  drop() {
    for (const { socket } of this.#children) socket.destroy();
    this.#children.clear();
  }

  /** {what: "failed" | "lost-answer" | "not-read" | "stall", times?} for the next sends. */
  fault(fault) {
    this.faults.push({ times: 1, ...fault });
  }

  guid() {
    return `5D0C1F5E-0000-4000-8000-${String(this.#next).padStart(12, "0")}`;
  }

  /** A row of the database, in the shape in which imsg gives it. */
  row(chat_id, more) {
    const chat = this.chats.get(chat_id);
    const guid = this.guid();
    return {
      id: this.#next++,
      chat_id,
      guid,
      is_from_me: false,
      text: "",
      created_at: new Date().toISOString(),
      attachments: [],
      reactions: [],
      chat_identifier: chat.identifier,
      chat_guid: chat.guid,
      chat_name: chat.name ?? "",
      participants: chat.participants,
      is_group: chat.guid.includes(";+;"),
      ...more,
    };
  }

  /** The row is in the database a moment later; who watches is told of it. */
  insert(row) {
    this.write({ row: row.id, line: (subscription) => JSON.stringify({ jsonrpc: "2.0", method: "message", params: { subscription, message: row } }) });
  }

  write(entry) {
    const due = Date.now() + wayMs;
    setTimeout(() => {
      if (entry.row !== undefined) this.#rows.push(entry);
      for (const child of this.#children) if (child.subscription) this.#tell(child, entry);
    }, Math.max(0, due - Date.now()));
  }

  #tell(child, entry) {
    if (entry.row !== undefined) {
      if (entry.row <= child.since && !entry.again) return;
      child.since = Math.max(child.since, entry.row);
    }
    child.socket.write(entry.line(child.subscription));
    child.socket.write("\n");
  }

  #child(socket) {
    const child = { socket, since: 0, subscription: 0 };
    this.#children.add(child);
    socket.on("error", () => {});
    socket.on("close", () => this.#children.delete(child));
    let started = false;
    const lines = readline.createInterface({ input: socket });
    lines.on("error", () => {}); // the program was killed
    lines.on("line", (line) => {
      if (started) return this.#line(child, line);
      started = true;
      this.starts.push(JSON.parse(line));
    });
  }

  #line(child, line) {
    const answer = (content) => child.socket.write(`${JSON.stringify({ jsonrpc: "2.0", ...content })}\n`);
    let request;
    try {
      request = JSON.parse(line);
    } catch {
      return answer({ id: null, error: { code: -32700, message: "Parse error" } });
    }
    const { id, method, params = {} } = request;
    const call = { method, params, at: Date.now(), refused: true };
    this.calls.push(call);
    const refuse = (code, message, data) => answer({ id, error: { code, message, data } });
    switch (method) {
      case "chats.list":
        call.refused = false;
        return answer({ id, result: { chats: [...this.chats].slice(0, params.limit ?? 20).map(([number, chat]) => this.#chat(number, chat)) } });
      case "watch.subscribe":
        call.refused = false;
        child.subscription = ++this.subscriptions;
        child.since = params.since_rowid ?? Math.max(0, ...this.#rows.map(({ row }) => row));
        answer({ id, result: { subscription: child.subscription } });
        for (const entry of this.#rows.filter(({ row }) => row > child.since)) this.#tell(child, entry);
        return undefined;
      case "send":
        return this.#send(child, call, params, (result) => answer({ id, result }), refuse);
      default:
        return refuse(-32601, "Method not found", method);
    }
  }

  #chat(id, { identifier, guid, name = "", participants }) {
    return { id, identifier, guid, name, service: "iMessage", last_message_at: new Date().toISOString(), participants, is_group: guid.includes(";+;") };
  }

  #send(child, call, params, good, refuse) {
    const bad = (data) => refuse(-32602, "Invalid params", data);
    const fault = this.faults.find((one) => one.times > 0);
    if (fault) --fault.times;
    if (fault?.what === "not-read") return child.socket.destroy();
    if (fault?.what === "stall") return undefined;
    if (fault?.what === "failed") return refuse(-32603, "Internal error", "AppleScript failed: Messages got an error: Connection is invalid. (-609)");
    const { to, chat_id, chat_guid, chat_identifier, text = "", file = "", service = "auto" } = params;
    const targets = [chat_id, chat_guid, chat_identifier].filter((one) => one !== undefined);
    if (!["auto", "imessage", "sms"].includes(service)) return bad("invalid service");
    if (to !== undefined && targets.length > 0) return bad("use to or chat_*; not both");
    if (to === undefined && targets.length === 0) return bad("to is required for direct sends");
    if (chat_id !== undefined && !this.chats.has(chat_id)) return bad(`unknown chat_id ${chat_id}`);
    if (text === "" && file === "") return bad("text or file is required");
    call.refused = false;
    if (file !== "") call.file = { name: path.basename(file), bytes: fs.readFileSync(file) };
    const row = this.row(chat_id ?? [...this.chats].find(([, chat]) => chat.identifier === to)?.[0] ?? 1, { is_from_me: true, sender: "", text });
    call.guid = row.guid;
    this.insert(row);
    if (fault?.what === "lost-answer") return child.socket.destroy();
    return good({ ok: true, guid: row.guid });
  }
}
