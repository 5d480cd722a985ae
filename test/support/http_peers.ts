/**
 * Clients and upstreams that send any bytes, right or wrong, and read HTTP leniently.
 *
 * @module
 */
import type { Socket } from "node:net";
import { connect, DEADLINE_MS } from "./command.ts";
import { startUpstream, type Upstream, type UpstreamAddress } from "./servers.ts";

/** A message as it came. Bytes are characters from 0 to 255. */
export interface Message {
  readonly startLine: string;
  /** Names in lower case. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** With its framing. */
  readonly body: string;
  /** Did it end where it said it would, or by the connection's end if it said nothing? */
  readonly isComplete: boolean;
}

/** All values of a field, in order. */
export function allOf(message: Message, name: string): string[] {
  return message.fields.filter(([field]) => field === name).map(([, value]) => value);
}

/** The only value of a field; `undefined` without it. */
export function fieldOf(message: Message, name: string): string | undefined {
  const values = allOf(message, name);
  if (values.length > 1) throw new Error(`${name} is repeated: ${values.join(" | ")}`);
  return values[0];
}

/** The status code of a response. */
export function statusOf(message: Message): number {
  return Number(message.startLine.split(" ")[1]);
}

/** The data of a chunked body. */
export function chunkData(body: string): string {
  let data = "";
  for (let at = 0; at < body.length; ) {
    const lineEnd = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.slice(at, lineEnd), 16);
    if (size === 0) return data;
    data += body.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
  throw new Error("The chunks have no end");
}

/** One side of a connection, under the test's control. */
export class Peer {
  readonly socket: Socket;
  /** Bytes that were received and not yet taken. */
  text = "";
  receivedBytes = 0;
  /** The other side sends no more. */
  hasEnded = false;
  isClosed = false;
  /** The code of the error with which it ended. */
  errorCode = "";
  readonly #listeners = new Set<() => void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes: Uint8Array) => {
      this.text += latin1(bytes);
      this.receivedBytes += bytes.length;
      this.#announce();
    });
    socket.on("end", () => {
      this.hasEnded = true;
      this.#announce();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.errorCode = error.code ?? error.message;
      this.#announce();
    });
    socket.on("close", () => {
      this.isClosed = true;
      this.#announce();
    });
  }

  #announce(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /** Will nothing more arrive? */
  get isOver(): boolean {
    return this.hasEnded || this.isClosed;
  }

  /** Resolves when the condition holds; it is looked at whenever something arrives. */
  async until(condition: () => boolean, what: string): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#listeners.delete(check);
        reject(new Error(`Time is over before ${what}; there is ${JSON.stringify(this.text.slice(0, 2000))}`));
      }, DEADLINE_MS);
      const check = () => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#listeners.delete(check);
        resolve();
      };
      this.#listeners.add(check);
    });
  }

  send(text: string): void {
    this.socket.write(bytesOf(text));
  }

  /** Send, and FIN behind it. */
  end(text = ""): void {
    this.socket.end(bytesOf(text));
  }

  /** Take bytes that have arrived. */
  #take(count: number): string {
    const taken = this.text.slice(0, count);
    this.text = this.text.slice(count);
    return taken;
  }

  /** Everything up to and with a text. */
  async takeThrough(wanted: string): Promise<string> {
    await this.until(() => this.text.includes(wanted) || this.isOver, `${JSON.stringify(wanted)} arrived`);
    const at = this.text.indexOf(wanted);
    if (at < 0) {
      throw new Error(
        `The connection ended (${this.errorCode}) before ${JSON.stringify(wanted)}: ${JSON.stringify(this.text)}`,
      );
    }
    return this.#take(at + wanted.length);
  }

  /** So many bytes, or fewer at the connection's end. */
  async takeBytes(count: number): Promise<string> {
    await this.until(() => this.text.length >= count || this.isOver, `${count} bytes arrived`);
    return this.#take(count);
  }

  /** Everything up to the connection's end. */
  async takeRest(): Promise<string> {
    await this.until(() => this.isOver, "the connection ended");
    return this.#take(this.text.length);
  }

  /** The next request. */
  async request(): Promise<Message> {
    const [startLine, fields] = parseHead(await this.takeThrough("\r\n\r\n"));
    return await this.#body(startLine, fields, false);
  }

  /** The next response, to a request with that method. Interim ones are responses, too. */
  async response(method = "GET"): Promise<Message> {
    const [startLine, fields] = parseHead(await this.takeThrough("\r\n\r\n"));
    const status = Number(startLine.split(" ")[1]);
    if (status < 200 || status === 204 || status === 304 || method === "HEAD") {
      return { startLine, fields, body: "", isComplete: true };
    }
    return await this.#body(startLine, fields, true);
  }

  async #body(startLine: string, fields: Message["fields"], isUntilClose: boolean): Promise<Message> {
    const find = (name: string) => fields.find(([field]) => field === name)?.[1];
    const length = find("content-length");
    if (find("transfer-encoding") !== undefined) {
      const body = await this.#chunks();
      return { startLine, fields, body, isComplete: body.endsWith("\r\n\r\n") || body === "0\r\n\r\n" };
    }
    if (length !== undefined) {
      const body = await this.takeBytes(Number(length));
      return { startLine, fields, body, isComplete: body.length === Number(length) };
    }
    if (!isUntilClose) return { startLine, fields, body: "", isComplete: true };
    const body = await this.takeRest();
    return { startLine, fields, body, isComplete: this.hasEnded && this.errorCode === "" };
  }

  /** A chunked body, or what there is of it. */
  async #chunks(): Promise<string> {
    let body = "";
    const line = async () => {
      await this.until(() => this.text.includes("\r\n") || this.isOver, "a line of a chunked body arrived");
      const at = this.text.indexOf("\r\n");
      const taken = this.#take(at < 0 ? this.text.length : at + 2);
      body += taken;
      return taken;
    };
    while (true) {
      const sizeLine = await line();
      if (!sizeLine.endsWith("\r\n")) return body;
      const size = Number.parseInt(sizeLine, 16);
      if (size === 0) break;
      const data = await this.takeBytes(size + 2);
      body += data;
      if (data.length < size + 2) return body;
    }
    for (let taken = await line(); taken !== "\r\n" && taken.endsWith("\r\n"); taken = await line());
    return body;
  }

  destroy(): void {
    this.socket.destroy();
  }
}

function parseHead(head: string): [startLine: string, fields: Message["fields"]] {
  const [startLine = "", ...lines] = head.replace(/^\r\n/, "").split("\r\n").slice(0, -2);
  const fields = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return [startLine, fields];
}

/** Characters from 0 to 255 as bytes. */
export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** A client's connection. */
export async function client(port: number, host = "127.0.0.1"): Promise<Peer> {
  return new Peer(await connect({ port, host }));
}

/** Answers a request on its connection. */
export type Answer = (request: Message, peer: Peer) => void | Promise<void>;

/** An upstream whose behaviour is a function, which may be changed at any time. */
export class ScriptedUpstream {
  /** What is done with each request. */
  answer: Answer;
  /** All connections, in order. */
  readonly peers: Peer[] = [];
  /** All requests of all connections, in order. */
  readonly requests: Message[] = [];
  /** What goes wrong in `answer`. */
  readonly errors: unknown[] = [];
  #server: Upstream | null = null;

  private constructor(answer: Answer) {
    this.answer = answer;
  }

  static async start(answer: Answer, address: UpstreamAddress = {}): Promise<ScriptedUpstream> {
    const upstream = new ScriptedUpstream(answer);
    upstream.#server = await startUpstream((socket) => void upstream.#serve(new Peer(socket)), address);
    return upstream;
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  async #serve(peer: Peer): Promise<void> {
    this.peers.push(peer);
    while (!peer.isOver || peer.text !== "") {
      try {
        const request = await peer.request();
        this.requests.push(request);
        await this.answer(request, peer);
      } catch (error) {
        if (!peer.isOver) this.errors.push(error);
        // A connection that ends without a request is closed as a server would do it.
        if (peer.hasEnded) peer.end();
        return;
      }
    }
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }
}

/** An upstream that reads nothing by itself: each test does, on the connections in `peers`. */
export class RawUpstream {
  readonly peers: Peer[] = [];
  #server: Upstream | null = null;
  #waiting: ((peer: Peer) => void)[] = [];
  #taken = 0;

  static async start(port = 0): Promise<RawUpstream> {
    const upstream = new RawUpstream();
    upstream.#server = await startUpstream((socket) => upstream.#add(new Peer(socket)), { port });
    return upstream;
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  #add(peer: Peer): void {
    this.peers.push(peer);
    this.#waiting.shift()?.(peer);
  }

  /** The next connection that was or will be made. */
  async next(): Promise<Peer> {
    const present = this.peers[this.#taken++];
    if (present !== undefined) return present;
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("Time is over before a connection came")), DEADLINE_MS);
      this.#waiting.push((peer) => {
        clearTimeout(timer);
        resolve(peer);
      });
    });
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }
}

/** A response with a length. */
export function respond(body: string, fields = "", status = "200 OK"): string {
  return `HTTP/1.1 ${status}\r\ncontent-length: ${body.length}\r\n${fields}\r\n${body}`;
}
