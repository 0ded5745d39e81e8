// Setting up: by questions at a terminal, by options, in the background with and without systemd, and away again.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { binary } from "./lib/gateway.mjs";
import { environment, json, run, temporaryFolder } from "./lib/moving.mjs";
import { within } from "./lib/waiting.mjs";

const key = "sk-throwaway-journey";
const options = ["onboard", "--non-interactive", "--accept-risk"];

function read(state, name) {
  return fs.readFileSync(path.join(state, name), "utf8");
}

/** A terminal of util-linux's script(1): answers each question when it has been asked. */
async function atTerminal(t, state, args, answers) {
  const command = `stty cols 120; exec ${[binary(), ...args].join(" ")}`;
  const child = spawn("script", ["-qec", command, "/dev/null"], { env: environment(state, { TERM: "dumb", SHELL: "/bin/sh" }) });
  t.after(() => child.kill("SIGKILL"));
  let seen = "";
  let from = 0;
  const next = () => {
    while (answers.length > 0) {
      const [question, answer] = answers[0];
      const at = seen.indexOf(question, from);
      if (at < 0) return;
      from = at + question.length;
      answers.shift();
      child.stdin.write(`${answer}\n`);
    }
  };
  child.stdout.setEncoding("utf8").on("data", (text) => {
    seen += text;
    next();
  });
  const code = await within(60000, "the wizard to end", new Promise((resolve) => child.once("exit", resolve)), () => seen);
  return { code, seen };
}

/** A state folder whose gateway is stopped before it is removed. */
const stoppedState = (t) => path.join(temporaryFolder(t, (folder) => run(path.join(folder, "state"), ["stop"])), "state");

// parity: 1.12-onboarding, 1.6-bootstrap, 1.9-memory-files
test("the wizard: risk, model with a hidden key, workspace, port, daemon, and a WebChat address at the end", async (t) => {
  const state = stoppedState(t);
  const { code, seen } = await atTerminal(t, state, ["onboard"], [
    ["go on? [no]:", "yes"],
    ["Number [2]:", "3"],
    ["(it is not shown):", key],
    ["Model [", ""],
    ["own files [", path.join(state, "home-of-ada")],
    ["this machine [18789]:", "0"],
    ["Number [1]:", ""],
    ["from now on? [yes]:", ""],
  ]);
  assert.equal(code, 0, seen);
  assert.ok(!seen.includes(key), "the key is not shown");
  assert.match(seen, /The gateway is well/);
  assert.match(seen, /WebChat: http:\/\/127\.0\.0\.1:\d+\/#login=/);
  assert.match(read(state, ".env"), new RegExp(`^ANTHROPIC_API_KEY=${key}$`, "m"));
  assert.equal(fs.statSync(path.join(state, ".env")).mode & 0o777, 0o600);
  assert.match(read(state, "openclaw.json"), /"primary": "anthropic\//);
  for (const name of ["AGENTS", "SOUL", "TOOLS", "IDENTITY", "USER", "HEARTBEAT", "BOOTSTRAP", "MEMORY"])
    assert.ok(read(state, `home-of-ada/${name}.md`).length > 20, name);
});

// parity: 1.12-onboarding
test("the wizard: a no to the risk sets nothing up, and an existing configuration can be kept", async (t) => {
  const state = stoppedState(t);
  const refused = await atTerminal(t, state, ["onboard"], [["go on? [no]:", "no"]]);
  assert.equal(refused.code, 1, refused.seen);
  assert.ok(!fs.existsSync(path.join(state, "openclaw.json")));
  fs.writeFileSync(path.join(state, "openclaw.json"), '{ gateway: { port: 0 } } // mine\n', { mode: 0o600 });
  const kept = await atTerminal(t, state, ["onboard"], [["go on? [no]:", "yes"], ["Number [1]:", "1"]]);
  assert.equal(kept.code, 0, kept.seen);
  assert.match(read(state, "openclaw.json"), /mine/);
});

// parity: 1.12-onboarding
test("without questions: the risk must be accepted, and the answers are options", (t) => {
  const state = path.join(temporaryFolder(t), "state");
  assert.match(run(state, ["onboard", "--non-interactive"]).stderr, /--accept-risk/);
  assert.match(run(state, ["onboard"]).stderr, /no terminal/);
  const { ok, done } = json(state, [...options, "--openai-api-key", key, "--gateway-port", "18999", "--skip-channels"]);
  assert.equal(ok, true);
  assert.ok(!done.join().includes(key));
  const config = JSON.parse(read(state, "openclaw.json"));
  assert.equal(config.gateway.port, 18999);
  assert.match(config.agents.defaults.model.primary, /^openai\//);
  assert.match(run(state, [...options, "--gateway-bind", "lan"]).stderr, /openclaw config set gateway.bind lan/);
  assert.match(run(state, [...options, "--auth-choice", "nobody", "--api-key", "x"]).stderr, /no provider/);
});

// parity: 1.12-daemon
test("in the background without systemd: started, found through the lock, killed and back, restarted, stopped", async (t) => {
  const state = stoppedState(t);
  json(state, [...options, "--gateway-port", "0"]);
  const first = json(state, ["start"]);
  assert.deepEqual(json(state, ["start"]).pid, first.pid, "a second start finds the first");
  process.kill(first.pid, "SIGKILL");
  const back = await within(20000, "the gateway to be back", (async () => {
    for (;;) {
      const { running, pid, port } = json(state, ["gateway", "status"]);
      if (running && port && pid !== first.pid) return pid;
    }
  })());
  const again = json(state, ["restart"]);
  assert.notEqual(again.pid, back);
  assert.equal(json(state, ["gateway", "stop"]).stopped, true);
  assert.equal(json(state, ["stop"]).stopped, false);
  assert.equal(json(state, ["gateway", "status"]).running, false);
});

// parity: 1.12-daemon
test("with systemd: the unit is written, enabled and taken away by systemctl of the user", (t) => {
  const folder = temporaryFolder(t);
  const state = path.join(folder, "state");
  const calls = path.join(folder, "calls");
  fs.mkdirSync(path.join(folder, "bin"));
  fs.writeFileSync(path.join(folder, "bin/systemctl"), `#!/bin/sh\necho "$@" >> ${calls}\n`, { mode: 0o755 });
  const env = { PATH: `${folder}/bin:${process.env.PATH}` };
  assert.equal(run(state, ["gateway", "install"], { env }).status, 0);
  const unit = path.join(folder, ".config/systemd/user/openclaw-gateway.service");
  assert.match(fs.readFileSync(unit, "utf8"), /ExecStart=".*openclaw" gateway\n/);
  assert.match(fs.readFileSync(unit, "utf8"), /Restart=on-failure/);
  assert.equal(run(state, ["gateway", "uninstall"], { env }).status, 0);
  assert.ok(!fs.existsSync(unit));
  const said = fs.readFileSync(calls, "utf8");
  assert.match(said, /--user enable openclaw-gateway\.service/);
  assert.match(said, /--user disable --now openclaw-gateway\.service/);
  const without = run(state, ["gateway", "install"], { env: { PATH: folder } });
  assert.match(without.stderr, /openclaw start/);
});

// parity: 1.11-commands
test("configure: one section, clouds kept for later; update, setup, reset and uninstall say what they do", async (t) => {
  const state = path.join(temporaryFolder(t), "state");
  assert.match(run(state, ["configure", "--provider", "aleph"]).stderr, /credentials of clouds/);
  assert.equal(run(state, ["setup"]).status, 0);
  const asked = await atTerminal(t, state, ["configure", "--section", "gateway"], [["this machine [18789]:", "18998"], ["Number [1]:", ""]]);
  assert.equal(asked.code, 0, asked.seen);
  assert.match(read(state, "openclaw.json"), /18998/);
  assert.match(run(state, ["update"]).stdout, /git pull/);
  assert.match(run(state, ["reset"]).stderr, /--confirm reset/);
  assert.ok(fs.existsSync(path.join(state, "openclaw.json")));
  assert.equal(run(state, ["reset", "--confirm", "reset"]).status, 0);
  assert.ok(!fs.existsSync(path.join(state, "openclaw.json")));
  run(state, ["setup"]);
  assert.notEqual(run(state, ["uninstall", "--confirm", "reset"]).status, 0);
  assert.equal(run(state, ["uninstall", "--confirm", "uninstall"]).status, 0);
  assert.ok(!fs.existsSync(state));
});

/** What a shell completes after these words, asked of the shell itself; nothing where there is no such shell. */
const shells = {
  bash: (words) => `eval "$(openclaw completion bash)"; COMP_WORDS=(${words.join(" ")} ""); COMP_CWORD=${words.length}; _openclaw; printf '%s\\n' "\${COMPREPLY[@]}"`,
  zsh: (words) => `compadd() { shift; print -l -- "$@"; }; eval "$(openclaw completion zsh)"; words=(${words.join(" ")} ""); CURRENT=${words.length + 1}; _openclaw`,
  fish: (words) => `openclaw completion fish | source; complete -C "${words.join(" ")} "; complete -C "${words.join(" ")} --"`,
};

for (const [shell, script] of Object.entries(shells))
  // parity: 1.11-commands
  test(`completion in ${shell} knows every command, second word and option`, (t) => {
    if (spawnSync(shell, ["-c", "true"]).error) return t.skip(`there is no ${shell} on this machine`);
    const state = path.join(temporaryFolder(t), "state");
    const bin = path.join(path.dirname(state), "bin");
    fs.mkdirSync(bin);
    fs.symlinkSync(binary(), path.join(bin, "openclaw"));
    const env = { PATH: `${bin}:${process.env.PATH}` };
    const complete = (...words) => {
      const { stdout, stderr } = run(state, ["-c", script(["openclaw", ...words])], { program: shell, env });
      return new Set(stdout.split("\n").map((line) => line.split("\t")[0]).concat(stderr ? [stderr] : []));
    };
    const { commands } = json(state, ["help"]);
    const top = complete();
    for (const { name } of commands) assert.ok(top.has(name.split(" ")[0]), name);
    for (const { name } of commands.filter(({ name: one }) => one.startsWith("gateway ")))
      assert.ok(complete("gateway").has(name.split(" ")[1]), name);
    const checked = shell === "bash" ? commands : commands.filter(({ name }) => /^(migrate|gateway call|onboard)$/.test(name));
    for (const { name, options: own } of checked) {
      const found = complete(...name.split(" "));
      for (const { name: option } of own) assert.ok(found.has(`--${option}`), `${name} --${option}: ${[...found]}`);
    }
    return undefined;
  });
