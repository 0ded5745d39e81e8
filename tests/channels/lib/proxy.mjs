// A forward proxy on loopback that alone knows where the hosts of *.peer.test are: what goes around it reaches nobody. It ends their TLS
// with a certificate of its own, so that a peer that speaks plain HTTP stands behind an https: and wss: address, as the platforms do.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import tls from "node:tls";

export class Proxy {
  seen = []; // "host:port" of each tunnel that was asked for
  mode = "serve"; // "refuse": 403 for every tunnel
  user = "claw";
  password = "hunter-22-pässword";
  #peers = new Map(); // host → port on loopback
  #sockets = new Set();

  static async start() {
    const proxy = new Proxy();
    proxy.folder = fs.mkdtempSync(path.join(os.tmpdir(), "openclaw-proxy-"));
    proxy.authority = path.join(proxy.folder, "authority.pem");
    const key = path.join(proxy.folder, "key.pem");
    const names = ["-subj", "/CN=peers", "-addext", "subjectAltName=DNS:*.peer.test"];
    const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", ...names, "-keyout", key, "-out", proxy.authority];
    execFileSync("openssl", made, { stdio: "pipe" });
    proxy.context = tls.createSecureContext({ key: fs.readFileSync(key), cert: fs.readFileSync(proxy.authority) });
    proxy.server = http.createServer((request, response) => response.writeHead(501).end());
    proxy.server.on("connect", (request, socket) => proxy.#connect(request, socket));
    await new Promise((resolve) => proxy.server.listen(0, "127.0.0.1", resolve));
    proxy.address = `127.0.0.1:${proxy.server.address().port}`;
    return proxy;
  }

  /** What a program has in its environment that must use this proxy. */
  environment({ password = this.password } = {}) {
    const url = `http://${this.user}:${encodeURIComponent(password)}@${this.address}`;
    return { HTTPS_PROXY: url, HTTP_PROXY: url, SSL_CERT_FILE: this.authority };
  }

  /** Gives the peer of a driver an address that only this proxy knows; false when it has none that a program connects to. */
  stand_before(driver) {
    const peer = driver.fake ?? driver.slack;
    if (!peer?.url) return false;
    const host = `${driver.constructor.channel}.peer.test`;
    const own = new URL(peer.url).host;
    this.#peers.set(host, Number(own.split(":")[1]));
    for (const key of ["url", "apiUrl", "gatewayUrl", "serviceUrl"])
      if (peer[key]) peer[key] = peer[key].replace(/^(http|ws):/, "$1s:").replace(own, host);
    return true;
  }

  /** Ends every tunnel, as a proxy that is started again does. */
  cut() {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop() {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  #connect(request, socket) {
    this.#watch(socket);
    this.seen.push(request.url);
    const wanted = `Basic ${Buffer.from(`${this.user}:${this.password}`).toString("base64")}`;
    if (request.headers["proxy-authorization"] !== wanted) return socket.end('HTTP/1.1 407 Who are you?\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n');
    const [host, port] = request.url.split(":");
    const peer = this.#peers.get(host);
    if (this.mode === "refuse" || !peer || port !== "443") return socket.end("HTTP/1.1 403 Not that way\r\n\r\n");
    socket.write("HTTP/1.1 200 Go on\r\n\r\n");
    const inner = new tls.TLSSocket(socket, { isServer: true, secureContext: this.context });
    const outer = net.connect(peer, "127.0.0.1");
    this.#watch(outer);
    inner.on("error", () => outer.destroy());
    inner.pipe(outer).pipe(inner);
    outer.on("close", () => inner.destroy());
    inner.on("close", () => outer.destroy());
  }

  #watch(socket) {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
  }
}
