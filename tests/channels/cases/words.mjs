// 8–11: long texts, characters at the cut, the platform's dialect.
import assert from "node:assert/strict";
import fs from "node:fs";
import { dense, lengthIn, mark } from "../lib/bench.mjs";

const ada = { person: "ada" };

/** Pieces of one answer, from the one that holds `first` to the one that holds `last`. */
async function pieces(bench, first, last) {
  await bench.answers(ada, last);
  const all = bench.sent(ada);
  const from = all.findIndex((message) => message.text.includes(first));
  const to = all.findIndex((message) => message.text.includes(last));
  return all.slice(from, to + 1);
}

/** Whether marks of code blocks, in any dialect, are closed in this piece. */
function assertClosed(markup) {
  const count = (pattern) => (markup.match(pattern) ?? []).length;
  assert.equal(count(/```/g) % 2, 0, `a fence is open in: ${markup.slice(0, 80)}…${markup.slice(-80)}`);
  assert.equal(count(/<pre\b/g), count(/<\/pre>/g), "a <pre> is open");
}

export default [
  {
    number: 8,
    // parity: 1.3-common
    what: "a long answer comes in pieces that the platform takes, code fences whole in each, nothing missing",
    async run({ bench, Driver }) {
      const [first, last] = [mark(), mark()];
      const code = Array.from({ length: 110 }, (_, line) => `const line${line} = "${"x".repeat(20 + (line % 9))}";`).join("\n");
      const words = Array.from({ length: 400 }, (_, index) => `word${index}`).join(" ");
      const answer = await bench.scripted([`${first} begins.\n\n${words}\n\n\`\`\`js\n${code}\n\`\`\`\n\n${words}\n\n${last} ends.`]);
      await bench.say({ text: `at length ${answer}` });
      const sent = await pieces(bench, first, last);
      assert.ok(sent.length >= 2, `${sent.length} piece`);
      for (const { text, markup } of sent) {
        const length = lengthIn(Driver.unit, text);
        assert.ok(length <= Driver.limit, `a piece of ${length} ${Driver.unit}`);
        assertClosed(markup ?? text);
      }
      const together = dense(sent.map(({ text }) => text).join("")).replaceAll("```js", "").replaceAll("```", "");
      assert.equal(together, dense(`${first} begins.${words}${code}${words}${last} ends.`));
      const coded = sent.filter(({ markup }) => /const line\d+/.test(markup ?? ""));
      const languages = coded.filter(({ markup }) => /```js|language-js/.test(markup));
      assert.ok(languages.length === 0 || languages.length === coded.length, "the language is kept in every piece or said by none");
    },
  },
  {
    number: 9,
    what: "no character is cut: emoji, CJK and combining marks at the ends of pieces",
    async run({ bench, Driver }) {
      const [first, last] = [mark(), mark()];
      const clusters = ["👩‍👩‍👧‍👦", "漢", "字", "e\u0301", "🇫🇷", "👍🏽", "한", "n\u0303\u0323"];
      const long = Array.from({ length: 3000 }, (_, index) => clusters[(index * 7 + (index >> 3)) % clusters.length]).join("");
      const answer = await bench.scripted([`${first}${long}${last}`]);
      await bench.say({ text: `signs ${answer}` });
      const sent = await pieces(bench, first, last);
      for (const { text } of sent) {
        assert.ok(text.isWellFormed?.() ?? !/[\ud800-\udbff](?![\udc00-\udfff])/.test(text), "a surrogate is broken");
        assert.ok(!text.includes("\ufffd"), "a character was replaced");
        assert.ok(lengthIn(Driver.unit, text) <= Driver.limit);
        assert.doesNotMatch(text, /^[\u0300-\u036f\u200d\u{1f3fb}-\u{1f3ff}]/u, "a piece begins within a character");
      }
      assert.equal(dense(sent.map(({ text }) => text).join("")), dense(`${first}${long}${last}`));
    },
  },
  {
    number: 10,
    what: "markdown arrives in the platform's dialect, as the golden file has it",
    async run({ bench, Driver }) {
      // Of one length always: some dialects count from the start of the text.
      const [first, last] = ["zqAAzq", "zqZZzq"];
      const document = fs.readFileSync(new URL("../golden/document.md", import.meta.url), "utf8");
      const answer = await bench.scripted([`${first}\n\n${document}\n\n${last}`]);
      await bench.say({ text: `the document ${answer}` });
      const sent = await pieces(bench, first, last);
      const got = sent.map(({ markup, text }) => markup ?? text).join("\n--- next message\n").replaceAll(first, "FIRST").replaceAll(last, "LAST");
      const file = new URL(`../golden/${Driver.channel}.txt`, import.meta.url);
      if (process.env.OPENCLAW_WRITE_GOLDEN) fs.writeFileSync(file, `${got}\n`);
      assert.ok(fs.existsSync(file), `there is no golden/${Driver.channel}.txt; README.md says how to make it`);
      assert.equal(`${got}\n`, fs.readFileSync(file, "utf8"));
      const shown = sent.map(({ text }) => text).join("\n");
      for (const word of ["Bold", "nested", "Ada", "1815", "<script>", "everyone", "5 < 6 & 7 > 2", "Last line"])
        assert.ok(shown.includes(word), `${word} is missing in: ${shown}`);
    },
  },
  {
    number: 11,
    what: "markup that the platform refuses is sent once more as plain words",
    async run({ bench }) {
      const own = mark();
      const answer = await bench.scripted([`**strong** words ${own}`]);
      bench.driver.fault({ what: "bad-markup" });
      await bench.say({ text: `say ${answer}` });
      const [sent] = await bench.answers(ada, own);
      assert.match(sent.text, /strong words/);
      await bench.settled();
      assert.equal(bench.sent(ada, own).length, 1);
    },
    async instead({ bench }) {
      const own = mark();
      const answer = await bench.scripted([`**strong** <b>&lt; [words](x ${own}`]);
      await bench.say({ text: `say ${answer}` });
      const [sent] = await bench.answers(ada, own);
      assert.match(sent.text, /strong/);
      await bench.settled();
      assert.equal(bench.sent(ada, own).length, 1);
    },
  },
];
