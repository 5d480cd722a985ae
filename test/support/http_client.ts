/**
 * What users' clients do: `fetch`, and a WebSocket of the package `ws`. Prints what came, as JSON; run by any runtime
 * with the URL of the application on Hono.
 *
 * @module
 */
import { once } from "node:events";
import { Agent, request } from "node:http";
import process from "node:process";
import { WebSocket } from "ws";

const [, , url = ""] = process.argv;

/** Many at a time, of all sizes, in both directions. */
async function fetchAll(): Promise<number[]> {
  const paths = ["/", "/large", "/old", "/compressed", "/tagged", "/missing", "/large", "/cookies"];
  const answers = paths.map(async (path) => (await (await fetch(url + path)).arrayBuffer()).byteLength);
  const bodies = [0, 1, 100_000, 1_000_000].map(async (size) => {
    const response = await fetch(`${url}/raw`, { method: "PUT", body: new Uint8Array(size) });
    return ((await response.json()) as { size: number }).size;
  });
  // How long the first answer is depends on the port.
  return (await Promise.all([...answers, ...bodies])).slice(1);
}

/** The requests of one connection, with the client of `node:http`. */
async function keepAlive(): Promise<boolean[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const reused: boolean[] = [];
  for (let round = 0; round < 3; round++) {
    const sent = request(`${url}/new`, { agent });
    sent.end();
    const [response] = (await once(sent, "response")) as [NodeJS.ReadableStream];
    response.resume();
    await once(response, "end");
    reused.push(sent.reusedSocket);
  }
  agent.destroy();
  return reused;
}

/** Compressed, if the server agrees; with pings of its own. */
async function talk(): Promise<string[]> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws`, { perMessageDeflate: true });
  const texts: string[] = [];
  socket.on("message", (data) => texts.push(String(data)));
  await once(socket, "message");
  for (const text of ["a", "b".repeat(70_000), "c"]) {
    const answered = once(socket, "message");
    socket.send(text);
    await answered;
  }
  const ponged = once(socket, "pong");
  socket.ping("are you there?");
  texts.push(`pong ${String((await ponged)[0])}`);
  const closed = once(socket, "close");
  socket.close(4002, "done");
  const [code] = (await closed) as [number];
  return [...texts.map((text) => `${text.slice(0, 20)} ${text.length}`), String(code)];
}

const result = { fetched: await fetchAll(), reused: await keepAlive(), talked: await talk() };
process.stdout.write(`${JSON.stringify(result)}\n`);
