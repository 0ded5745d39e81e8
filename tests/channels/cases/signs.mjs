// 12–16, 20, 21: what is shown while an answer is made, reactions, voice, commands.
import assert from "node:assert/strict";
import { until } from "../../journeys/lib/waiting.mjs";
import { dense, mark, plainConfig, plainSettings } from "../lib/bench.mjs";

const ada = { person: "ada" };
const team = { room: "team" };
const streaming = { name: "streaming", setup: { settings: (driver) => ({ ...plainSettings(driver), streamMode: "partial" }) } };
const acknowledging = {
  name: "acknowledging",
  setup: {
    config: { messages: { ...plainConfig.messages, ackReaction: "👀", ackReactionScope: "group-mentions", removeAckAfterReply: true } },
  },
};
const paced = (own, count) => Array.from({ length: count }, (_, index) => `w${index}`).join(" ") + ` ${own}`;

export default [
  {
    number: 12,
    what: "an answer that streams is one message, edited at a bounded rate, in the end exactly the answer",
    on: streaming,
    async run({ bench }) {
      const own = mark();
      const words = paced(own, 60);
      const answer = await bench.scripted([{ text: words, pauseMs: 50 }]);
      const began = Date.now();
      await bench.say({ text: `slowly ${answer}` });
      await bench.answers(ada, own);
      const took = Date.now() - began;
      await bench.settled();
      const shown = bench.sent(ada).filter((message) => message.text.includes("w0 "));
      assert.equal(shown.length, 1, "one message");
      const [{ text, edits }] = shown;
      assert.equal(text.trim(), words);
      assert.ok(edits.length >= 1, "it grew before it was finished");
      assert.ok(edits.length <= took / 900 + 2, `${edits.length} edits in ${took} ms`);
      for (const [index, edit] of edits.entries())
        if (index > 0) assert.ok(dense(edit).startsWith(dense(edits[index - 1]).replace(/[….]+$/, "")), "an edit takes nothing back");
    },
    async instead({ bench }) {
      const own = mark();
      const words = paced(own, 60);
      const answer = await bench.scripted([{ text: words, pauseMs: 20 }]);
      await bench.say({ text: `slowly ${answer}` });
      const [sent] = await bench.answers(ada, own);
      assert.equal(sent.text.trim(), words);
      await bench.settled();
      assert.equal(bench.sent(ada, own).length, 1, "whole, and once");
    },
  },
  {
    number: 13,
    what: "blocks come while the answer is still being made, in order, also when the platform delays one",
    on: { name: "blocks", setup: { settings: (driver) => ({ ...plainSettings(driver), blockStreaming: true }) } },
    async run({ bench, Driver }) {
      const own = mark();
      const paragraph = (number) => `${own} block ${number} ${"and so on ".repeat(100)}`.trim();
      const text = [1, 2, 3].map(paragraph).join("\n\n");
      const answer = await bench.scripted([{ text, pauseMs: 4, hold: { after: 700, name: own } }]);
      if (!Driver.none?.[22]) bench.driver.fault({ what: "limit", retryAfterMs: 1000 });
      await bench.say({ text: `in blocks ${answer}` });
      await bench.answers(ada, `${own} block 1`);
      assert.equal(bench.sent(ada, `${own} block 3`).length, 0, "the end is not there yet");
      // The first block may be there before the model has come to where it waits.
      await until(async () => (await bench.model.release(own)) > 0, "the model to wait");
      await bench.answers(ada, `${own} block 3`);
      await bench.settled();
      const shown = bench.sent(ada, own).map((message) => message.text);
      assert.equal(dense(shown.join("")), dense(text));
    },
  },
  {
    number: 14,
    // parity: 1.3-common
    what: "typing begins, is shown again while it takes, and ends with the answer, also with a failure",
    async run({ bench, Driver }) {
      const refresh = Driver.typingRefreshMs ?? 4000;
      const own = mark();
      const signs = () => bench.driver.typing().filter((sign) => sign.person === "ada");
      const begun = () => signs().filter((sign) => sign.on).length;
      const before = begun();
      await bench.say({ text: `think about it HOLD:0:${own} ${own}` });
      await until(() => begun() >= before + 2, "typing to be shown twice", { milliseconds: refresh + 6000 });
      await bench.model.release(own);
      await bench.answers(ada, own);
      await bench.say({ text: `fail now ERR:400 ${own}` });
      await bench.answers(ada, /⚙️/u);
      const after = begun();
      // Where there is a sign for the end it must come; elsewhere the sign must not be shown again.
      if (signs().some((sign) => !sign.on)) await until(() => !signs().at(-1).on, "typing to be ended");
      else await new Promise((resolve) => setTimeout(resolve, refresh + 300));
      assert.ok(begun() <= after + 1, "nobody types any more");
    },
    async instead({ bench }) {
      await bench.settled();
      await bench.say({ text: `fail now ERR:400 ${mark()}` });
      await bench.answers(ada, /⚙️/u);
    },
  },
  {
    number: 15,
    // parity: 1.3-common
    what: "a message that is being answered is marked where the scope says so, and the mark goes with the answer",
    on: acknowledging,
    async run({ bench }) {
      const direct = await bench.ask({ text: "no mark here" });
      await bench.answers(ada, direct.mark);
      const { mark: own, message } = await bench.ask({ text: "mark this", mention: true, ...team });
      await bench.answers(team, own);
      const about = (id) => bench.driver.reactions().filter((reaction) => reaction.messageId === id);
      await until(() => about(message.id).some((reaction) => reaction.removed), "the mark to be removed", {
        describe: () => JSON.stringify(bench.driver.reactions()),
      });
      assert.deepEqual(
        about(message.id).map(({ emoji, removed }) => [emoji, removed]),
        [["👀", false], ["👀", true]],
      );
      assert.deepEqual(about(direct.message.id), [], "not in direct chats, as the scope says");
    },
    // A setting that cannot be followed must not cost the answer.
    async instead({ bench }) {
      const { mark: own } = await bench.ask({ text: "hey claw, mark this", mention: true, ...team });
      await bench.answers(team, own);
      assert.equal((await bench.account()).state, "up");
    },
  },
  {
    number: 16,
    what: "a reaction to a message arrives as one, starts nothing, and the next message is answered",
    async run({ bench, Driver }) {
      const { mark: own } = await bench.ask({ text: "like this" });
      const [answer] = await bench.answers(ada, own);
      const count = () => bench.metric("openclaw_channel_events_total", [`channel="${Driver.channel}"`, 'type="reaction"']);
      const before = await count();
      const asked = (await bench.requests(own)).length;
      await bench.driver.react(answer, "👍");
      await until(async () => (await count()) === before + 1, "the reaction to arrive");
      assert.equal((await bench.requests(own)).length, asked, "no model is asked for a reaction");
      const sent = bench.sent(ada).length;
      await bench.settled();
      assert.equal(bench.sent(ada).length, sent + 1);
    },
    async instead({ bench }) {
      await bench.settled();
      const listed = await bench.gateway.command(["channels", "status"]);
      assert.equal(listed.code, 0, listed.stderr);
    },
  },
  {
    number: 20,
    // parity: 1.6-reply-tags
    what: "a voice note is fetched, and a file is sent as one with [[audio_as_voice]]",
    async run({ bench }) {
      const bytes = Buffer.concat([Buffer.from("OggS\0\x02"), Buffer.alloc(300, 7), Buffer.from("OpusHead")]);
      const { mark: own } = await bench.ask({ text: "listen", files: [{ name: "note.ogg", type: "audio/ogg", bytes, voice: true }] });
      const [request] = await bench.requests(own, { atLeast: 1 });
      assert.match(JSON.stringify(request.body), /<media:audio>/);
      assert.ok(bench.received().some((file) => file.bytes.equals(bytes)), "its bytes are in the workspace");
      await bench.answers(ada, own);
      bench.file("voice.ogg", bytes);
      const answer = await bench.scripted(["[[audio_as_voice]]\nMEDIA:voice.ogg"]);
      await bench.say({ text: `speak ${answer}` });
      const sent = await until(() => bench.driver.sent(ada).find((message) => message.file?.bytes.equals(bytes)), "the voice note");
      assert.equal(sent.file.voice, true);
      assert.doesNotMatch(sent.text ?? "", /audio_as_voice/);
    },
    // Without voice notes it is an ordinary file: it arrives all the same.
    async instead({ bench }) {
      const bytes = Buffer.concat([Buffer.from("OggS\0\x02"), Buffer.alloc(300, 7)]);
      bench.file("voice.ogg", bytes);
      const answer = await bench.scripted(["[[audio_as_voice]]\nMEDIA:voice.ogg"]);
      await bench.say({ text: `speak ${answer}` });
      const sent = await until(() => bench.driver.sent(ada).find((message) => message.file?.bytes.equals(bytes)), "the file");
      assert.doesNotMatch(sent.text ?? "", /audio_as_voice/);
    },
  },
  {
    number: 21,
    // parity: 1.2-command-auth
    what: "a command of the platform's own kind is answered at once and without a model; it is offered by name",
    async run({ bench }) {
      await bench.settled();
      // The model's own count would be all channels' that run at the same time.
      const calls = () => bench.metric("openclaw_model_call_duration_seconds_count");
      const before = await calls();
      assert.ok(before > 0, "calls are counted");
      const sent = bench.sent(ada).length;
      await bench.driver.command({ name: "status" });
      await bench.answers(ada, /fake-1/, { count: bench.sent(ada, /fake-1/).length + 1, milliseconds: 3000 });
      await bench.driver.command({ name: "help", from: "eve" });
      assert.equal(await calls(), before, "no model was asked");
      assert.ok(bench.sent(ada).length > sent);
      await bench.settled();
      const refusals = bench.sent({ person: "eve" }, /not let in/);
      assert.equal(bench.sent({ person: "eve" }).length, refusals.length, "a stranger commands nothing");
      if (bench.driver.commands) await until(() => bench.driver.commands.includes("status"), "the commands to be offered", { milliseconds: 5000 });
    },
  },
];
