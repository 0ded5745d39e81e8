// Microsoft's own botbuilder, unmodified, judges the fake Bot Framework: its CloudAdapter is the bot.
import assert from "node:assert/strict";
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { installed } from "../install.mjs";
import { FakeTeams, issuer } from "./fake.mjs";

const folder = path.dirname(fileURLToPath(import.meta.url));
let botbuilder;
let skip;
try {
  botbuilder = createRequire(path.join(installed(folder), "package.json"))("botbuilder");
} catch (error) {
  if (process.env.CI) throw error;
  skip = `botbuilder cannot be installed here: ${error.message.split("\n")[0]}`;
}

let fake;
let server;
let adapter;
let credentials;
let onTurn;
let failures;
const ada = { id: "29:1-ada", name: "Ada", aadObjectId: "aad-ada" };
const personal = { id: "a:1-ada", conversationType: "personal" };

/** What MSAL does, which insists on HTTPS: the same request to the sign-in server. */
function makeCredentials() {
  return {
    appId: fake.appId,
    async getToken() {
      const body = new URLSearchParams({
        grant_type: "client_credentials",
        client_id: fake.appId,
        client_secret: fake.password,
        scope: "https://api.botframework.com/.default",
      });
      const response = await fetch(`${fake.url}/${fake.tenant}/oauth2/v2.0/token`, { method: "POST", body });
      return (await response.json()).access_token;
    },
    async signRequest(request) {
      request.headers.set("authorization", `Bearer ${await this.getToken()}`);
      return request;
    },
  };
}

before(async () => {
  if (skip) return;
  const { CloudAdapter, ConfigurationBotFrameworkAuthentication } = botbuilder;
  fake = await FakeTeams.start();
  credentials = makeCredentials();
  const factory = {
    isValidAppId: async (id) => id === fake.appId,
    isAuthenticationDisabled: async () => false,
    createCredentials: async () => credentials,
  };
  const metadata = `${fake.url}/v1/.well-known/openidconfiguration`;
  const settings = {
    ToBotFromChannelOpenIdMetadataUrl: metadata,
    ToBotFromChannelTokenIssuer: issuer,
    ToBotFromEmulatorOpenIdMetadataUrl: metadata,
    ToChannelFromBotOAuthScope: issuer,
    ToChannelFromBotLoginUrl: fake.url,
    ValidateAuthority: "false",
  };
  adapter = new CloudAdapter(new ConfigurationBotFrameworkAuthentication(settings, factory));
  failures = [];
  adapter.onTurnError = async (_context, error) => failures.push(error);
  server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    request.body = JSON.parse(Buffer.concat(chunks));
    // As Express has them, which botbuilder was made for.
    response.status = (code) => Object.assign(response, { statusCode: code });
    response.header = (name, value) => response.setHeader(name, value);
    response.send = (value) => response.end(value === undefined || typeof value === "string" ? value : JSON.stringify(value));
    await adapter.process(request, response, (context) => onTurn(context)).catch((error) => {
      failures.push(error);
      response.status(500).send("");
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  fake.endpoint = `http://127.0.0.1:${server.address().port}/api/messages`;
});
after(async () => {
  server?.closeAllConnections();
  server?.close();
  await fake?.stop();
});

/** Hands an activity to the bot, runs `turn` in it; resolves with the answer's status. */
async function turn(activity, work = async () => {}, sign = {}) {
  failures.length = 0;
  onTurn = work;
  const status = await fake.deliver(activity, { sign, once: true });
  if (failures.length > 0 && work !== ignored) throw failures[0];
  return status;
}
console.error = () => {}; // botbuilder tells each refusal there
const ignored = async () => {};
const hello = (more = {}) => fake.activity({ from: ada, conversation: personal, text: "hello", ...more });
const sent = () => fake.calls.filter((call) => call.status >= 200 && call.status < 300);

test("botbuilder takes what the fake signs, and knows who says what, where", { skip }, async () => {
  let got;
  const status = await turn(hello(), async (context) => {
    got = context.activity;
  });
  assert.equal(status, 200);
  assert.equal(got.text, "hello");
  assert.equal(got.from.aadObjectId, "aad-ada");
  assert.equal(got.conversation.conversationType, "personal");
  assert.equal(got.serviceUrl, fake.serviceUrl);
});

test("botbuilder refuses the forgeries that our own door must refuse", { skip }, async () => {
  const now = Math.floor(Date.now() / 1000);
  const forged = {
    missing: null,
    audience: { claims: { aud: "another-app" } },
    issuer: { claims: { iss: "https://evil.example" } },
    service: { claims: { serviceurl: "https://evil.example/" } },
    expired: { claims: { nbf: now - 7200, exp: now - 3600 } },
    key: { key: "other" },
    none: { algorithm: "none" },
    confused: { algorithm: "HS256" },
    unknown: { header: { kid: "nobody" } },
  };
  let turns = 0;
  for (const [kind, sign] of Object.entries(forged)) {
    failures.length = 0;
    onTurn = async () => ++turns;
    const status = await fake.deliver(hello(), { sign, once: true });
    assert.ok(status >= 400, `${kind}: ${status}`);
  }
  assert.equal(turns, 0);
  const leeway = { claims: { nbf: now - 7200, exp: now - 120 } };
  assert.equal(await turn(hello(), ignored, leeway), 200, "two minutes after its end a token is still taken");
});

test("a reply, an edit, a removal and typing by botbuilder are what the fake expects of a bot", { skip }, async () => {
  const { MessageFactory, ActivityTypes } = botbuilder;
  const activity = hello();
  const from = fake.calls.length;
  const status = await turn(activity, async (context) => {
    await context.sendActivity({ type: ActivityTypes.Typing });
    const reply = await context.sendActivity({ ...MessageFactory.text("<b>one</b> &amp; two"), textFormat: "xml" });
    await context.updateActivity({ ...MessageFactory.text("edited"), id: reply.id });
    await context.deleteActivity(reply.id);
  });
  assert.equal(status, 200);
  const [typing, reply, edit, removal] = fake.calls.slice(from);
  assert.deepEqual([typing.body.type, typing.status], ["typing", 201]);
  assert.deepEqual([reply.method, reply.status, reply.body.replyToId, reply.activityId], ["POST", 201, activity.id, activity.id]);
  assert.equal(reply.conversation, personal.id);
  assert.deepEqual([edit.method, edit.status, edit.activityId], ["PUT", 200, reply.id]);
  assert.deepEqual([removal.method, removal.status, removal.activityId], ["DELETE", 200, reply.id]);
  assert.equal(fake.conversations.get(personal.id).activities.get(reply.id).removed, true);
});

test("a thread of a channel is answered in the thread; an inline picture goes with a text", { skip }, async () => {
  const { MessageFactory } = botbuilder;
  const root = fake.id();
  fake.conversation("19:c@thread.tacv2", "channel").activities.set(root, { mine: false });
  const conversation = { id: `19:c@thread.tacv2;messageid=${root}`, conversationType: "channel" };
  const mark = `<at>${fake.botName}</at>`;
  const mentioned = { id: fake.botId, name: fake.botName };
  const activity = hello({ conversation, text: `${mark} look`, entities: [{ type: "mention", text: mark, mentioned }] });
  await turn(activity, async (context) => {
    assert.equal(botbuilder.TurnContext.removeRecipientMention(context.activity).trim(), "look");
    await context.sendActivity(MessageFactory.contentUrl("data:image/png;base64,iVBORw0KGgo=", "image/png", "p.png", "here"));
  });
  const call = sent().at(-1);
  assert.equal(call.conversation, conversation.id);
  assert.equal(call.body.attachments[0].name, "p.png");
});

test("botbuilder writes first by a conversation reference, and by a new conversation", { skip }, async () => {
  const { TurnContext } = botbuilder;
  let reference;
  await turn(hello(), async (context) => {
    reference = TurnContext.getConversationReference(context.activity);
  });
  await adapter.continueConversationAsync(fake.appId, { ...reference, activityId: undefined }, async (context) => {
    await context.sendActivity("by myself");
  });
  assert.deepEqual(failures, []);
  assert.equal(sent().at(-1).body.text, "by myself");
  const parameters = { isGroup: false, bot: { id: fake.botId }, members: [{ id: ada.id }], tenantId: fake.tenant, channelData: {} };
  await adapter.createConversationAsync(fake.appId, "msteams", fake.serviceUrl, issuer, parameters, async (context) => {
    await context.sendActivity("nice to meet you");
  });
  assert.equal(sent().at(-1).body.text, "nice to meet you");
});

test("what the fake refuses reaches botbuilder as the errors of the Connector", { skip }, async () => {
  const refusal = async (work) => {
    let error;
    await turn(hello(), async (context) => {
      await work(context).catch((caught) => (error = caught));
    });
    return [error?.statusCode, error?.details?.error?.code ?? error?.code];
  };
  fake.fault({ status: 403, code: "BotNotInConversationRoster" });
  assert.deepEqual(await refusal((context) => context.sendActivity("no")), [403, "BotNotInConversationRoster"]);
  assert.deepEqual(await refusal((context) => context.updateActivity({ type: "message", id: "404", text: "x" })), [404, "ActivityNotFoundInConversation"]);
  assert.deepEqual(await refusal((context) => context.sendActivity("x".repeat(29 * 1024))), [413, "MessageSizeTooBig"]);
  assert.deepEqual(await refusal((context) => context.sendActivity({ type: "message", text: "<b>x", textFormat: "xml" })), [400, "BadSyntax"]);
  credentials.getToken = async () => "not-a-token";
  assert.equal((await refusal((context) => context.sendActivity("no")))[0], 401);
  credentials = Object.assign(credentials, makeCredentials());
});

test("a limit is waited out by botbuilder as the fake's Retry-After says", { skip }, async () => {
  fake.fault({ status: 429, code: "TooManyRequests", retryAfter: 1 });
  const began = Date.now();
  await turn(hello(), async (context) => {
    await context.sendActivity("in the end");
  });
  assert.equal(sent().at(-1).body.text, "in the end");
  assert.ok(Date.now() - began >= 900);
});

test("an invoke gets its answer in the response", { skip }, async () => {
  const invoke = fake.activity({ from: ada, conversation: personal, type: "invoke", name: "adaptiveCard/action", value: {} });
  const status = await turn(invoke, async (context) => {
    await context.sendActivity({ type: "invokeResponse", value: { status: 200, body: { taken: true } } });
  });
  assert.equal(status, 200);
  assert.deepEqual(JSON.parse(fake.lastAnswer.body), { taken: true });
});
