/**
 * A client of a line protocol over raw sockets, that of Redis: answers are put together from whatever pieces they
 * arrive in, and all commands are sent at once, without waiting for the answers to those before.
 *
 * ```sh
 * bun run examples/line_client.ts 127.0.0.1:6379 "SET greeting hello" "GET greeting" PING
 * deno run --allow-ffi --allow-read examples/line_client.ts 127.0.0.1:6379 "SET greeting hello" "GET greeting" PING
 * ```
 *
 * @module
 */
import process from "node:process";
import { openSockets, type Socket } from "../lib/sockets/mod.ts";

/** Reads lines, and numbers of bytes, from a socket. */
class Reader {
  readonly #socket: Socket;
  #received: Uint8Array = new Uint8Array();

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Up to CR LF, without them. */
  async line(): Promise<string> {
    while (!this.#received.includes(10)) await this.#more();
    const line = await this.text(this.#received.indexOf(10) + 1);
    return line.replace(/\r?\n$/, "");
  }

  async text(bytes: number): Promise<string> {
    while (this.#received.length < bytes) await this.#more();
    const taken = this.#received.subarray(0, bytes);
    this.#received = this.#received.subarray(bytes);
    return new TextDecoder().decode(taken);
  }

  async #more(): Promise<void> {
    const piece = await this.#socket.read();
    if (piece === null) throw new Error("The server closed the connection within an answer");
    const received = new Uint8Array(this.#received.length + piece.length);
    received.set(this.#received);
    received.set(piece, this.#received.length);
    this.#received = received;
  }
}

/** An answer: text, a number, nothing, an error, or a list of those. */
type Answer = string | number | null | Error | readonly Answer[];

async function answer(reader: Reader): Promise<Answer> {
  const line = await reader.line();
  const rest = line.slice(1);
  if (line.startsWith("+")) return rest;
  if (line.startsWith("-")) return new Error(rest);
  if (line.startsWith(":")) return Number(rest);
  if (rest === "-1") return null;
  if (line.startsWith("$")) return (await reader.text(Number(rest) + 2)).slice(0, -2);
  const list: Answer[] = [];
  while (list.length < Number(rest)) list.push(await answer(reader));
  return list;
}

const [address = "127.0.0.1:6379", ...commands] = process.argv.slice(2);

await using sockets = await openSockets();
await using socket = await sockets.connect(address, { timeoutMs: 2000 });
await socket.write(commands.map((command) => `${command}\r\n`).join(""));
const reader = new Reader(socket);
for (const command of commands) {
  const result = await answer(reader);
  console.log(`${command}: ${result instanceof Error ? result.message : JSON.stringify(result)}`);
}
