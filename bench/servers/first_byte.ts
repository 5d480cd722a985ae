/**
 * From before the import of ringway to the first byte that it has served, in milliseconds:
 * `first_byte.ts sockets|proxy`. A program that is measured.
 *
 * @module
 */
import { connect, createServer } from "node:net";
import process from "node:process";

const [form] = process.argv.slice(2);

/** A port of the runtime's own server, which greets; for the proxy to relay to. */
async function startUpstream(): Promise<number> {
  const server = createServer((socket) => socket.end("x"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function firstByte(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    connect(port, "127.0.0.1")
      .once("data", () => resolve())
      .once("error", reject);
  });
}

async function serveBySockets(): Promise<number> {
  const { openSockets } = await import("../../lib/sockets/mod.ts");
  const sockets = await openSockets();
  const listener = await sockets.listen("127.0.0.1:0");
  void listener.accept().then((socket) => socket?.write("x"));
  return listener.address.family === "unix" ? 0 : listener.address.port;
}

async function serveByProxy(upstream: number): Promise<number> {
  const { defaultProxyConfig, parseTarget, startProxy } = await import("../../mod.ts");
  const proxy = await startProxy({
    ...defaultProxyConfig,
    workers: 1,
    listen: [parseTarget("127.0.0.1:0")],
    to: [parseTarget(`127.0.0.1:${upstream}`)],
  });
  const [address] = proxy.addresses;
  return address === undefined || address.family === "unix" ? 0 : address.port;
}

const upstream = await startUpstream();
const start = performance.now();
await firstByte(await (form === "proxy" ? serveByProxy(upstream) : serveBySockets()));
process.stdout.write(`${JSON.stringify({ ms: performance.now() - start })}\n`, () => process.exit());
