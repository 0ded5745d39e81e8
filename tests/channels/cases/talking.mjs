// 1–7: who is answered, where, and what of a group the model gets to know.
import assert from "node:assert/strict";
import { Bench, mark } from "../lib/bench.mjs";

const team = { room: "team" };

export default [
  {
    number: 1,
    // parity: 1.3-common
    what: "a direct message gets one reply, in its own chat",
    async run({ bench }) {
      const { mark: own } = await bench.ask({ text: "hello" });
      await bench.answers({ person: "ada" }, own);
      await bench.settled();
      assert.equal(bench.sent({ person: "ada" }, own).length, 1);
      assert.equal(bench.sent({ person: "bo" }, own).length, 0);
      assert.equal(bench.sent(team, own).length, 0);
    },
  },
  {
    number: 2,
    // parity: 1.2-mention-gating
    what: "what is said in a group to others is not answered, and no model is asked",
    async run({ bench }) {
      const { mark: own } = await bench.ask({ from: "bo", text: "the server is called Hazel", ...team });
      await bench.settled();
      assert.equal(bench.sent(team, own).length, 0);
      assert.equal((await bench.requests(own)).length, 0);
    },
  },
  {
    number: 3,
    // parity: 1.2-mention-gating
    what: "a mention in a group is answered there, with what was said before, once",
    async run({ bench }) {
      const { mark: before } = await bench.ask({ from: "bo", text: "the cat is called Moss", ...team });
      const { mark: own } = await bench.ask({ text: "what is its name?", mention: true, ...team });
      await bench.answers(team, own);
      const [request] = await bench.requests(own, { atLeast: 1 });
      const said = Bench.lastUserText(request);
      assert.ok(said.includes(before), `the model gets what was said before: ${said}`);
      assert.ok(said.includes(bench.driver.people.bo.name), `and who said it: ${said}`);
      const { mark: second } = await bench.ask({ text: "and again?", mention: true, ...team });
      await bench.answers(team, second);
      const [next] = await bench.requests(second, { atLeast: 1 });
      assert.ok(!Bench.lastUserText(next).includes(before), "the second question does not repeat it");
      assert.equal(bench.sent(team, own).length, 1);
    },
    // No mentions of the platform's own: words are the only way, and without them it stays silent.
    async instead({ bench }) {
      const count = bench.sent(team).length;
      const { mark: before } = await bench.ask({ from: "bo", text: "the cat is called Moss", ...team });
      const { mark: own } = await bench.ask({ text: "hey claw, what is its name?", ...team });
      await bench.answers(team, own);
      const [request] = await bench.requests(own, { atLeast: 1 });
      assert.ok(Bench.lastUserText(request).includes(before));
      assert.equal(bench.sent(team).length, count + 1);
    },
  },
  {
    number: 4,
    // parity: 1.2-mention-gating
    what: "a configured pattern counts as a mention",
    async run({ bench }) {
      const { mark: own } = await bench.ask({ text: "Hey Claw, are you there?", ...team });
      await bench.answers(team, own);
    },
  },
  {
    number: 5,
    // parity: 1.2-mention-gating
    what: "a reply to the bot's own message counts as a mention; a reply to somebody else does not",
    async run({ bench }) {
      const { mark: first } = await bench.ask({ text: "say something", mention: true, ...team });
      const [answer] = await bench.answers(team, first);
      const before = bench.sent(team).length;
      const { message } = await bench.ask({ from: "bo", text: "among us", ...team });
      await bench.ask({ from: "bo", text: "yes, among us", replyTo: message.id, ...team });
      const { mark: own } = await bench.ask({ text: "and more of it?", replyTo: answer.id, ...team });
      await bench.answers(team, own);
      await bench.settled();
      assert.equal(bench.sent(team).length, before + 1, "only the reply to the bot is answered");
    },
    async instead({ bench }) {
      const { mark: own } = await bench.ask({ text: "hey claw, this is no reply", ...team });
      await bench.answers(team, own);
    },
  },
  {
    number: 6,
    what: "a thread is a conversation of its own, and is answered in the thread",
    async run({ bench }) {
      const one = await bench.ask({ text: "in the first", mention: true, thread: "alpha", ...team });
      await bench.answers({ ...team, thread: "alpha" }, one.mark);
      const two = await bench.ask({ text: "in the second", mention: true, thread: "beta", ...team });
      await bench.answers({ ...team, thread: "beta" }, two.mark);
      const [request] = await bench.requests(two.mark, { atLeast: 1 });
      assert.ok(!JSON.stringify(request.body).includes(one.mark), "the second thread knows nothing of the first");
      const again = await bench.ask({ text: "in the first again", mention: true, thread: "alpha", ...team });
      await bench.answers({ ...team, thread: "alpha" }, again.mark);
      const [later] = await bench.requests(again.mark, { atLeast: 1 });
      assert.ok(JSON.stringify(later.body).includes(one.mark), "the first one remembers");
    },
    // Without threads the room as a whole is the conversation, apart from the direct chat.
    async instead({ bench }) {
      const direct = await bench.ask({ text: "between us" });
      await bench.answers({ person: "ada" }, direct.mark);
      const room = await bench.ask({ text: "hey claw, in the room", mention: true, ...team });
      await bench.answers(team, room.mark);
      const [request] = await bench.requests(room.mark, { atLeast: 1 });
      assert.ok(!JSON.stringify(request.body).includes(direct.mark), "the room knows nothing of the direct chat");
    },
  },
  {
    number: 7,
    // parity: 1.6-reply-tags
    what: "[[reply_to_current]] becomes a reply of the platform's own kind, and is not shown",
    async run({ bench }) {
      const own = mark();
      const answer = await bench.scripted([`[[reply_to_current]] certainly ${own}`]);
      const message = await bench.say({ text: `please ${answer}` });
      const [sent] = await bench.answers({ person: "ada" }, own);
      assert.equal(sent.replyTo, message.id);
      assert.doesNotMatch(sent.text, /\[\[|reply_to/);
      const later = mark();
      const named = await bench.scripted([`[[reply_to:${message.id}]] that one ${later}`]);
      await bench.say({ text: `which one ${named}` });
      const [pointing] = await bench.answers({ person: "ada" }, later);
      assert.equal(pointing.replyTo, message.id);
    },
    async instead({ bench }) {
      const own = mark();
      const answer = await bench.scripted([`[[reply_to_current]] certainly ${own}`]);
      await bench.say({ text: `please ${answer}` });
      const [sent] = await bench.answers({ person: "ada" }, own);
      assert.doesNotMatch(sent.text, /\[\[|reply_to/, "the tag is not shown");
    },
  },
];
