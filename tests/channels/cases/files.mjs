// 17–19: files in and out.
import assert from "node:assert/strict";
import { until } from "../../journeys/lib/waiting.mjs";
import { Bench, dense, mark } from "../lib/bench.mjs";

const ada = { person: "ada" };
const png = Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), Buffer.from("0000000d49484452", "hex"), Buffer.alloc(900, 3)]);

export default [
  {
    number: 17,
    what: "a picture and a file are fetched into the workspace; a web page instead of a picture is refused in words",
    async run({ bench }) {
      const { mark: own } = await bench.ask({ text: "look", files: [{ name: "picture.png", type: "image/png", bytes: png }] });
      const [request] = await bench.requests(own, { atLeast: 1 });
      assert.match(Bench.lastUserText(request), /<media:image> media\/inbound\//);
      assert.ok(bench.received().some((file) => file.bytes.equals(png)), "its bytes are in the workspace");
      const paper = Buffer.from("%PDF-1.4 not much of a paper");
      const second = await bench.ask({ text: "read", files: [{ name: "paper.pdf", type: "application/pdf", bytes: paper }] });
      const [next] = await bench.requests(second.mark, { atLeast: 1 });
      assert.match(Bench.lastUserText(next), /<media:document> media\/inbound\/\S+\.pdf/);
      assert.ok(bench.received().some((file) => file.bytes.equals(paper)));
      const page = Buffer.from("<!DOCTYPE html><html><body>Please log in</body></html>");
      const third = await bench.ask({ text: "what is this", files: [{ name: "picture.png", type: "image/png", bytes: page }] });
      const [last] = await bench.requests(third.mark, { atLeast: 1 });
      assert.match(Bench.lastUserText(last), /was not fetched/);
      assert.ok(!bench.received().some((file) => file.bytes.equals(page)), "the page is not kept");
      await bench.answers(ada, third.mark);
    },
  },
  {
    number: 18,
    what: "a file above the limit is named, with the limit, and not fetched",
    async run({ bench }) {
      const bytes = Buffer.alloc(2 * 1024 * 1024, 1);
      const before = bench.received().length;
      const { mark: own } = await bench.ask({ text: "too much", files: [{ name: "big.bin", type: "application/octet-stream", bytes }] });
      const [request] = await bench.requests(own, { atLeast: 1 });
      assert.match(Bench.lastUserText(request), /was not fetched: .*1 MB/);
      assert.equal(bench.received().length, before);
      await bench.answers(ada, own);
    },
  },
  {
    number: 19,
    // parity: 1.6-reply-tags
    what: "a file goes out with a long text: the file once, every word once",
    async run({ bench, Driver }) {
      const own = mark();
      const bytes = Buffer.from(`the report ${own}`);
      bench.file("report.txt", bytes);
      const words = Array.from({ length: 700 }, (_, index) => `word${index}`).join(" ");
      const answer = await bench.scripted([`${own} here it is: ${words} ${own}\nMEDIA:report.txt`]);
      const before = bench.driver.sent(ada).length;
      await bench.say({ text: `send it ${answer}` });
      await bench.answers(ada, new RegExp(`${own}\\s*$`));
      await until(() => bench.driver.sent(ada).some((message) => message.file?.bytes.equals(bytes)), "the file");
      await bench.settled();
      const sent = bench.driver.sent(ada).slice(before);
      const files = sent.filter((message) => message.file?.bytes.equals(bytes));
      assert.equal(files.length, 1);
      assert.equal(files[0].file.name, "report.txt");
      const texts = sent.filter((message) => /word\d+/.test(message.text ?? ""));
      assert.equal(dense(texts.map((message) => message.text).join("")).split("word350").length, 2, "each word once");
      for (const { text } of texts) assert.ok(text.length <= Driver.limit);
    },
  },
];
