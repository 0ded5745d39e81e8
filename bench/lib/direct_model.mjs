// How long the model itself takes for a request that the gateway sent: what is to be subtracted from a turn.
import http from "node:http";
import { percentile, round } from "./statistics.mjs";

function ask(agent, url, body) {
  const headers = { "content-type": "application/json", authorization: "Bearer bench" };
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: "POST", agent, headers }, (response) => {
      response.resume().on("end", resolve);
    });
    request.on("error", reject).end(body);
  });
}

/** Repeats the gateway's last request to the model, over one kept connection. */
export async function directLatency(modelUrl, { count = 200, warmup = 20 } = {}) {
  const requests = await (await fetch(`${modelUrl}/__requests`)).json();
  const last = requests.at(-1);
  if (!last) throw new Error("the gateway has not asked the model anything yet");
  const body = JSON.stringify(last.body);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const latencies = [];
  for (let index = 0; index < count + warmup; index++) {
    const started = performance.now();
    await ask(agent, modelUrl + last.path, body);
    if (index >= warmup) latencies.push(performance.now() - started);
  }
  agent.destroy();
  return {
    requestKb: round(Buffer.byteLength(body) / 1024, 1),
    p50: round(percentile(latencies, 50)),
    p99: round(percentile(latencies, 99)),
  };
}
