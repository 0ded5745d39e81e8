// Commands of the exec tool try to get out: of the sandbox, also in a container, of the approval that was given, and by what git runs.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { textOf } from "./lib/client.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Model, script } from "./lib/model.mjs";
import { until } from "./lib/waiting.mjs";

const probe = fs.readFileSync(new URL("./lib/escape.py", import.meta.url), "utf8");
const containerScript = fileURLToPath(new URL("./lib/container.sh", import.meta.url));
const hasPython = fs.existsSync("/usr/bin/python3");
const skipWithoutPython = !hasPython && !process.env.CI && "the attempts are written in Python, and /usr/bin/python3 is not here";
const unasked = { exec: { security: "full", ask: "off" } };

let model;
let abstract; // a socket of this machine without a file
const abstractName = `openclaw-escape-${crypto.randomUUID()}`;

before(async () => {
  model = await Model.start();
  abstract = net.createServer((socket) => socket.end("REACHED"));
  await new Promise((resolve) => abstract.listen(`\0${abstractName}`, resolve));
});
after(async () => {
  await model?.stop();
  abstract?.close();
});

const newSession = () => `agent:main:escapes-${crypto.randomUUID()}`;
const exec = (command, more = {}) => ({ tool: "exec", args: { command, ...more } });

/** Lets the model make these calls one after another, and gives their results: [{text, isError, details}]. */
async function results(who, calls, session = newSession()) {
  const runId = await who.send(session, script([...calls, "done"]));
  const outcome = await who.outcome(runId, 120000);
  assert.equal(outcome.state, "final", JSON.stringify(outcome));
  const history = await who.history(session);
  return history
    .filter((message) => message.role === "toolResult")
    .slice(-calls.length)
    .map((message) => ({ text: textOf(message), isError: message.isError ?? false, details: message.details }));
}

/** Plants what must not be read, lets the attempts run in the sandbox, and gives their lines. */
async function attempts(gateway, who) {
  const home = path.join(gateway.stateDir, "home");
  fs.mkdirSync(path.join(home, ".ssh"), { recursive: true });
  fs.writeFileSync(path.join(home, ".ssh", "id_ed25519"), "PRIVATE-CANARY", { mode: 0o600 });
  const socketPath = path.join(home, "docker.sock");
  const server = net.createServer((socket) => socket.end("REACHED"));
  await new Promise((resolve) => server.listen(socketPath, resolve));
  fs.writeFileSync(gateway.file("escape.py"), probe);
  const told = {
    secrets: [path.join(gateway.stateDir, "openclaw.json"), path.join(gateway.stateDir, "state.db"), path.join(home, ".ssh", "id_ed25519"), "/etc/shadow"],
    ports: [gateway.url, model.url].map((url) => Number(new URL(url).port)),
    abstract: abstractName,
    sockets: [socketPath],
    pid: gateway.pid,
  };
  try {
    const [result] = await results(who, [exec(`/usr/bin/python3 escape.py '${JSON.stringify(told)}'`, { yieldMs: 100000 })]);
    assert.ok(!fs.existsSync(path.join(gateway.stateDir, "climbed")), "a command wrote beside its workspace");
    return result;
  } finally {
    server.close();
  }
}

function assertAllRefused(result, least) {
  const lines = result.text.split("\n").filter((line) => /: (REFUSED|ESCAPED)/.test(line));
  assert.deepEqual(lines.filter((line) => line.includes("ESCAPED")), [], result.text);
  assert.match(result.text, /^END$/m, `the attempts did not come to their end:\n${result.text}`);
  assert.ok(lines.length >= least, `only ${lines.length} attempts:\n${result.text}`);
}

// parity: 1.8-container
test("no way out of the sandbox is open", { skip: skipWithoutPython }, async () => {
  const gateway = await Gateway.start({ modelUrl: model.url, tools: unasked });
  try {
    const who = await gateway.client();
    assertAllRefused(await attempts(gateway, who), process.arch === "x64" ? 100 : 50);
    // Killing everything that it sees reaches nothing outside.
    await results(who, [exec("sh -c 'kill -9 -1; sleep 1'")]);
    const [alive] = await results(who, [exec("echo alive")]);
    assert.match(alive.text, /alive/);
    // A bomb of processes is stopped with its time, and the gateway answers meanwhile.
    const bombing = results(who, [exec("sh -c 'bomb() { bomb | bomb & }; bomb; sleep 3'", { timeout: 4 })]);
    const [meanwhile] = await results(who, [exec("echo meanwhile")]);
    assert.match(meanwhile.text, /meanwhile/);
    await bombing;
    assert.ok((await who.request("health")).ok);
  } finally {
    await gateway.discard();
  }
});

test("variables arrive as they are written, and nothing in them is executed", async () => {
  const gateway = await Gateway.start({ modelUrl: model.url, tools: unasked });
  try {
    const who = await gateway.client();
    const evil = "x'; touch planted; '\n\"$(touch planted)`touch planted`\nLD_PRELOAD=/tmp/evil.so";
    const [shown, refused] = await results(who, [exec("printenv A", { env: { A: evil, B: "'" } }), exec("env", { env: { "A=B\nLD_PRELOAD": "x" } })]);
    assert.equal(shown.text.trimEnd(), evil);
    assert.ok(refused.isError, refused.text);
    assert.ok(!fs.existsSync(gateway.file("planted")));
  } finally {
    await gateway.discard();
  }
});

test("what an agent plants for git is never executed by the history of its workspace", async () => {
  const gateway = await Gateway.start({ modelUrl: model.url, tools: unasked });
  const marker = path.join(gateway.stateDir, "PLANTED");
  try {
    const who = await gateway.client();
    const hook = `#!/bin/sh\ntouch ${marker}\n`;
    const names = ["pre-commit", "post-commit", "post-index-change", "post-checkout", "reference-transaction", "pre-auto-gc", "commit-msg", "prepare-commit-msg"];
    const config = `[core]\n\tfsmonitor = "touch ${marker}"\n\thooksPath = hooks\n\tsshCommand = touch ${marker}\n\tpager = touch ${marker}\n\teditor = touch ${marker}\n[filter "evil"]\n\tclean = "touch ${marker}; cat"\n\tsmudge = "touch ${marker}; cat"\n\tprocess = "touch ${marker}"\n[diff "evil"]\n\tcommand = "touch ${marker}"\n\ttextconv = "touch ${marker}"\n[gpg]\n\tprogram = "touch ${marker}"\n[commit]\n\tgpgsign = true\n`;
    const write = (file, content) => ({ tool: "write", args: { path: file, content } });
    await results(who, [
      ...names.flatMap((name) => [write(`.git/hooks/${name}`, hook), write(`hooks/${name}`, hook)]),
      write(".git/config", config),
      write(".gitconfig", config),
      write(".config/git/config", config),
      write(".git/HEAD", "ref: refs/heads/main\n"),
      write(".gitattributes", "* filter=evil diff=evil\n"),
      write("note.txt", "one"),
      exec("chmod -R 755 .git hooks"),
      write("note.txt", "two"),
    ]);
    const repository = path.join(gateway.stateDir, "history", "main.git");
    await until(
      () => {
        try {
          const files = execFileSync("git", ["-c", "safe.directory=*", "--git-dir", repository, "ls-tree", "-r", "--name-only", "HEAD"], { stdio: ["ignore", "pipe", "ignore"] });
          return String(files).includes("note.txt");
        } catch {
          return false;
        }
      },
      "the history to hold the note",
      { milliseconds: 20000, everyMs: 200 },
    );
    assert.ok(!fs.existsSync(marker), "something planted was executed outside of the sandbox");
  } finally {
    await gateway.discard();
  }
});

test("the configuration cannot open the sandbox to another network or to a folder of secrets", async () => {
  const gateway = new Gateway({ modelUrl: model.url, tools: unasked });
  try {
    for (const network of ["container:abc", "bridge", "broker=/run/docker.sock", ""]) {
      const set = await gateway.command(["config", "set", "tools.exec.network", network]);
      assert.notEqual(set.code, 0, network);
    }
    const home = path.join(gateway.stateDir, "home");
    fs.mkdirSync(path.join(home, ".ssh"));
    fs.symlinkSync(path.join(home, ".ssh"), path.join(home, "innocent"));
    const file = path.join(gateway.stateDir, "openclaw.json");
    const config = JSON.parse(fs.readFileSync(file, "utf8"));
    for (const folder of [path.join(home, ".ssh"), path.join(home, "innocent"), gateway.stateDir, home]) {
      config.agents.defaults.workspace = folder;
      fs.writeFileSync(file, JSON.stringify(config));
      const started = await gateway.start().then(() => true, () => false);
      if (!started) continue;
      const who = await gateway.client();
      const runId = await who.send(newSession(), script([exec("touch planted.txt"), "done"]));
      const outcome = await who.outcome(runId);
      const said = JSON.stringify([outcome, who.events.filter(({ event }) => event === "agent")]);
      assert.match(said, /never shown to a sandbox/, folder);
      assert.ok(!fs.existsSync(path.join(folder, "planted.txt")), folder);
      await gateway.stop();
    }
  } finally {
    await gateway.discard();
  }
});

/** A gateway that asks; `answer` decides, and what was asked is kept. */
async function asking(answer) {
  const gateway = await Gateway.start({ modelUrl: model.url, tools: { exec: { security: "allowlist", ask: "on-miss" } } });
  const asked = [];
  const who = await gateway.client({
    onEvent: ({ event, payload }) => {
      if (event !== "exec.approval.requested") return;
      asked.push(payload);
      const decision = answer(payload);
      if (decision) who.request("exec.approval.resolve", { id: payload.id, decision }).catch(() => {});
    },
  });
  return { gateway, who, asked };
}

test("programs that run others, abbreviated flags and hidden characters never pass as harmless", async () => {
  const { gateway, who, asked } = await asking(() => "deny");
  try {
    const tricks = [
      "env -S 'sh -c id'", "env ls", "nice ls", "timeout 1 ls", "xargs ls", "sudo ls", "busybox ls", "find . -exec id ;", "awk 'BEGIN{system(\"id\")}'",
      "git -c core.pager=id log", "tar --to-command=id -xf x", "ssh -o ProxyCommand=id host", "python3 -c 1", "perl -e 1", "sort --compress-prog=id x", "sort --comp id x",
      "grep -f /etc/passwd --fi=x", "ls $(id)", "ls `id`", "cat *", "cat ~/.ssh/id", "ls; id", "ls && id", "ls | sh", "cat < /etc/passwd", "ls\nid", "\\ls", "./ls", "LD_PRELOAD=x ls", "ls \u202e gnp.x",
    ];
    const session = newSession();
    const answers = await results(who, tricks.map((command) => exec(command)), session);
    const ran = answers.flatMap((answer, index) => (answer.isError ? [] : [tricks[index]]));
    assert.deepEqual(ran, []);
    const shown = asked.map((question) => question.request.command).join("\n");
    assert.doesNotMatch(shown, /\u202e/, "what a person reads hides nothing");
    assert.ok(asked.length >= tricks.length - 8, `${asked.length} questions`);
  } finally {
    await gateway.discard();
  }
});

test("always is bound to what the program contains, and a variable makes another command", async () => {
  let decision = "allow-always";
  const { gateway, who, asked } = await asking(() => decision);
  try {
    fs.writeFileSync(gateway.file("tool"), "#!/bin/sh\necho first\n", { mode: 0o755 });
    const [first, second] = await results(who, [exec("./tool x"), exec("./tool x")]);
    assert.match(first.text, /first/);
    assert.match(second.text, /first/);
    assert.equal(asked.length, 1, "the same program with the same arguments was asked for again");
    decision = "deny";
    const [variable] = await results(who, [exec("./tool x", { env: { BASH_ENV: "evil" } })]);
    assert.ok(variable.isError);
    assert.equal(asked.length, 2);
    assert.match(asked[1].request.reason, /BASH_ENV/, "the question names the variables");
    fs.writeFileSync(gateway.file("tool"), "#!/bin/sh\necho exchanged\n", { mode: 0o755 });
    const [changed] = await results(who, [exec("./tool x")]);
    assert.ok(changed.isError, `the exchanged program ran: ${changed.text}`);
    assert.equal(asked.length, 3);
    decision = "allow-always";
    const [allowed, again] = await results(who, [exec("./tool x"), exec("./tool x")]);
    assert.match(allowed.text + again.text, /exchanged[^]*exchanged/);
    assert.equal(asked.length, 4, "the rule took over the program as it is now");
  } finally {
    await gateway.discard();
  }
});

test("a program that is exchanged between the question and the answer is not run", async () => {
  const { gateway, who } = await asking((question) => {
    fs.writeFileSync(path.join(question.request.cwd, "tool"), "#!/bin/sh\ntouch exchanged.txt\n", { mode: 0o755 });
    return "allow-once";
  });
  try {
    fs.writeFileSync(gateway.file("tool"), "#!/bin/sh\necho harmless\n", { mode: 0o755 });
    const [result] = await results(who, [exec("./tool")]);
    assert.ok(result.isError, result.text);
    assert.match(result.text, /changed after/);
    assert.ok(!fs.existsSync(gateway.file("exchanged.txt")));
  } finally {
    await gateway.discard();
  }
});

test("an approval is answered once, runs one command once, and a restart leaves it visibly unanswered", async () => {
  const { gateway, who, asked } = await asking(() => undefined);
  try {
    const session = newSession();
    const runId = await who.send(session, script([exec("sh -c 'echo ran >> ran.txt'"), "done"]));
    await who.waitFor(({ event }) => event === "exec.approval.requested", "the question");
    const { id } = asked[0];
    assert.match(id, /^[0-9a-f]{32}$/);
    const other = await gateway.client();
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? who : other).request("exec.approval.resolve", { id, decision: "allow-once" })),
    );
    assert.equal(answers.filter((answer) => answer.status === "fulfilled").length, 1, "exactly one answer counts");
    assert.equal((await who.outcome(runId)).state, "final");
    assert.equal(fs.readFileSync(gateway.file("ran.txt"), "utf8"), "ran\n");
    for (const [given, why] of [[id, /already answered|expired/], [crypto.randomBytes(16).toString("hex"), /no approval/]]) {
      await assert.rejects(who.request("exec.approval.resolve", { id: given, decision: "allow-once" }), why);
    }
    const [again] = [await who.send(session, script([exec("sh -c 'echo ran >> ran.txt'"), "done"]))];
    await who.waitFor(({ event, payload }) => event === "exec.approval.requested" && payload.id !== id, "a new question");
    assert.ok(again);
    const lost = asked.at(-1).id;
    await gateway.kill();
    await gateway.restart();
    const later = await gateway.client();
    const list = await later.request("exec.approval.list");
    assert.deepEqual(list.approvals, []);
    assert.deepEqual(list.lostByRestart.map((approval) => approval.id), [lost]);
    await assert.rejects(later.request("exec.approval.resolve", { id: lost, decision: "allow-once" }), /already answered|expired/);
    const shown = await gateway.command(["approvals"]);
    assert.match(shown.stdout + shown.stderr, /restarted before you answered.*echo ran/);
    const history = await later.history(session);
    assert.match(JSON.stringify(history.at(-1)), /waited for your approval of exec.*was not run/);
    assert.equal(fs.readFileSync(gateway.file("ran.txt"), "utf8"), "ran\n");
  } finally {
    await gateway.discard();
  }
});

/** The gateway inside a container made of user, mount and process namespaces; why it cannot be made, if so. */
async function inContainer(namespaces) {
  const gateway = new Gateway({
    modelUrl: model.url,
    tools: unasked,
    wrap: (command, { stateDir }) => ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child", "sh", containerScript, stateDir, namespaces, ...command],
  });
  try {
    await gateway.start();
    return { gateway };
  } catch (error) {
    await gateway.discard().catch(() => {});
    return { why: String(error) };
  }
}

/** unshare keeps signals to itself, so the container is ended by its end. */
async function discardContainer(gateway) {
  await gateway.kill();
  fs.rmSync(gateway.stateDir, { recursive: true, force: true });
}

test("inside another container commands are confined as well, or refused with words", { skip: skipWithoutPython }, async (context) => {
  const { gateway, why } = await inContainer("");
  if (!gateway) {
    assert.ok(!process.env.CI || /Operation not permitted/.test(why), why);
    return context.skip(`a container cannot be made here: ${why.slice(0, 300)}`);
  }
  try {
    const who = await gateway.client();
    const [first] = await results(who, [exec("echo inside")]);
    context.diagnostic(first.isError ? "refused" : "confined");
    if (first.isError) {
      assert.match(first.text, /cannot be confined here, so none is run/);
      return undefined;
    }
    return assertAllRefused(await attempts(gateway, who), 50);
  } finally {
    await discardContainer(gateway);
  }
});

test("where the kernel forbids nesting, exec refuses with words and nothing runs unconfined", async (context) => {
  const { gateway, why } = await inContainer("0");
  if (!gateway) {
    assert.ok(!process.env.CI || /Operation not permitted/.test(why), why);
    return context.skip(`a container cannot be made here: ${why.slice(0, 300)}`);
  }
  try {
    const who = await gateway.client();
    for (const command of ["touch unconfined.txt", "sh -c 'touch unconfined.txt'", "id"]) {
      const [result] = await results(who, [exec(command)]);
      assert.ok(result.isError, result.text);
      assert.match(result.text, /cannot be confined here, so none is run/);
      assert.match(result.text, /User namespaces are switched off: run `sudo sysctl/);
    }
    assert.ok(!fs.existsSync(gateway.file("unconfined.txt")));
  } finally {
    await discardContainer(gateway);
  }
});
