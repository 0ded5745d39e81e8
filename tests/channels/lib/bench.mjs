// One peer, one gateway that is connected to it, and what the cases ask of both.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { makeConfig, writeConfig } from "../../journeys/lib/config.mjs";
import { Gateway } from "../../journeys/lib/gateway.mjs";
import { until, within } from "../../journeys/lib/waiting.mjs";

let marks = 0;
/** A word that is in no other message. */
export function mark() {
  return `zq${++marks}zq`;
}

/** The channel's settings and the rest of the configuration that most cases have. */
export function plainSettings(driver) {
  const { ada, bo } = driver.people;
  return { dmPolicy: "allowlist", allowFrom: [ada.id, bo.id], groupPolicy: "allowlist", rooms: { team: {} }, mediaMaxMb: 1 };
}
export const plainConfig = { messages: { groupChat: { mentionPatterns: ["\\bhey claw\\b"], historyLimit: 20 } } };

export class Bench {
  /** `settings` and `config` may be functions of the driver; `wait: false` does not wait for the connection. */
  static async open(Driver, model, { settings = plainSettings, config = plainConfig, wait = true, env = {} } = {}) {
    const bench = new Bench();
    bench.model = model;
    bench.driver = await within(30000, `the peer of ${Driver.channel}`, Driver.start());
    try {
      const gateway = new Gateway({ modelUrl: model.url, env });
      bench.gateway = gateway;
      const whole = makeConfig({ modelUrl: model.url, workspace: gateway.workspace });
      const wanted = typeof settings === "function" ? settings(bench.driver) : settings;
      whole.channels = { [Driver.channel]: wanted.asItIs ?? bench.driver.settings(wanted) };
      Object.assign(whole, structuredClone(typeof config === "function" ? config(bench.driver) : config));
      Object.assign(whole, (await bench.driver.config?.(gateway)) ?? {});
      writeConfig(gateway.stateDir, whole);
      await gateway.start();
      if (wait) await within(30000, `${Driver.channel} to be connected`, bench.driver.ready(gateway), () => gateway.output);
    } catch (error) {
      await bench.close();
      throw error;
    }
    return bench;
  }

  async close() {
    await this.gateway?.discard().catch(() => {});
    await this.driver?.stop();
  }

  async restart() {
    await this.gateway.start();
    await within(40000, "the channel to be connected again", this.driver.ready(this.gateway), () => this.gateway.output);
  }

  say(what) {
    return this.driver.say(what);
  }

  /** Says something with a mark of its own, which the answer will hold; resolves with {mark, message}. `text` goes before the mark. */
  async ask({ text = "tell me", ...more } = {}) {
    const own = mark();
    // What is said about files would push the mark out of the model's echo.
    const answer = more.files ? await this.scripted([`seen ${own}`]) : "";
    return { mark: own, message: await this.driver.say({ text: `${text} ${answer} ${own}`, ...more }) };
  }

  /** The message for which the model answers with these steps, whatever stands in them. */
  async scripted(steps) {
    return this.model.answer(mark(), steps);
  }

  /** What was sent there that holds `pattern` (a mark or an expression), once there are `count` of them. */
  answers(where, pattern, { count = 1, milliseconds = 15000 } = {}) {
    const found = () => this.sent(where, pattern);
    return until(() => (found().length >= count ? found() : undefined), `${count} message(s) with ${pattern} to ${JSON.stringify(where)}`, {
      milliseconds,
      describe: () => `; sent there: ${JSON.stringify(this.#shown(where)).slice(0, 1500)}; the gateway said: ${this.gateway.output.slice(-1500)}`,
    });
  }

  sent(where, pattern) {
    const fits = (message) => message.text !== undefined && (pattern instanceof RegExp ? pattern.test(message.text) : message.text.includes(pattern));
    return this.driver.sent(where).filter((message) => !message.removed && (pattern === undefined || fits(message)));
  }

  #shown(where) {
    return this.driver.sent(where).map(({ text, file, removed }) => ({ text, file: file?.name, removed }));
  }

  /** Everything that was said before has been dealt with: a question of Ada's, in this place, is answered. */
  async settled(where = {}) {
    const { room, thread, from = "ada" } = where;
    const { mark: own } = await this.ask({ text: "hey claw, settled?", from, room, thread, mention: room !== undefined });
    await this.answers(room ? { room, thread } : { person: from }, own);
  }

  /** The requests to the model whose body holds this text. */
  requests(text, more = {}) {
    return this.model.requests({ text, ...more });
  }

  /** What a person said last in this request, as the model got it. */
  static lastUserText(request) {
    const last = request.body.messages.filter((message) => message.role === "user").at(-1);
    return typeof last.content === "string" ? last.content : last.content.map((block) => block.text ?? "").join("");
  }

  /** The sum of a metric's series that have all these labels. */
  async metric(name, labels = []) {
    const text = await (await this.gateway.fetch("/metrics")).text();
    const lines = text.split("\n").filter((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && labels.every((label) => line.includes(label)));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
  }

  /** This channel's account as `channels.status` shows it. */
  async account() {
    const client = await this.gateway.client();
    const status = await client.request("channels.status", {});
    await client.close();
    return status.channelAccounts[this.driver.constructor.channel][0];
  }

  file(name, content) {
    fs.writeFileSync(path.join(this.gateway.workspace, name), content);
  }

  /** Files that came with messages: [{name, bytes}]. */
  received() {
    const folder = path.join(this.gateway.workspace, "media/inbound");
    if (!fs.existsSync(folder)) return [];
    return fs.readdirSync(folder).map((name) => ({ name, bytes: fs.readFileSync(path.join(folder, name)) }));
  }

  memoryKilobytes() {
    const status = fs.readFileSync(`/proc/${this.gateway.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)[1]);
  }

  alive() {
    assert.ok(fs.existsSync(`/proc/${this.gateway.pid}`), `the gateway is gone${this.gateway.output}`);
  }
}

/** How long a text is in the unit of a platform. */
export function lengthIn(unit, text) {
  if (unit === "bytes") return Buffer.byteLength(text);
  if (unit === "codepoints") return [...text].length;
  return text.length;
}

/** A text without its spaces: what must be there in whatever way it was split. */
export function dense(text) {
  return text.replace(/\s+/g, "");
}
