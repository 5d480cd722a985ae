/**
 * Does a peer relay what it gets? Nothing is measured on one that does not.
 *
 * @module
 */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from "node:net";
import type { Environment } from "./environment.ts";
import type { Peer } from "./peers/peer.ts";

/** How much is relayed. */
export const PAYLOAD_BYTES: number = 10 * 2 ** 20;
const TIMEOUT_MS = 20_000;
/** What a connection's first byte asks for. */
const DOWNLOAD = 1;
const DOWNLOAD_AND_END = 2;
const UPLOAD = 3;
/** The second byte says which part. */
const DOWNLOAD_PART = 4;
const UPLOAD_PART = 5;
/** So many parts of what is relayed, each in two connections of its own, at the same time. */
const PARTS = 8;

/** What the check found. Each is a sentence, or `null`. */
export interface RelayCheck {
  /** Why nothing can be measured. */
  readonly failure: string | null;
  /** What does not matter to the measurements. */
  readonly remark: string | null;
}

/** Download and upload 10 MiB. */
export function checkRelay(environment: Environment, peer: Peer): Promise<RelayCheck> {
  const payload = randomBytes(PAYLOAD_BYTES);
  const server = createServer((socket) => serve(socket, payload));
  return checkWith(environment, peer, server, async (port) => {
    const failure = (await checkBothWays(port, payload)) ?? (await checkTogether(port, payload));
    return { failure, loss: failure ?? (await checkEnd(port, payload)) };
  });
}

/** What a peer does wrong: with what is measured, and with anything. */
interface Finding {
  readonly failure: string | null;
  readonly loss: string | null;
}

/** Check a peer that relays to a server. */
export async function checkWith(
  environment: Environment,
  peer: Peer,
  server: Server,
  check: (port: number) => Promise<Finding>,
): Promise<RelayCheck> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    const running = await peer.start(environment, { upstreamPort: port, connections: 16 });
    try {
      const { failure, loss } = await check(running.port);
      // A program to compare with may be an experiment.
      return peer.isReference || peer.isPartial === true ? { failure, remark: loss } : { failure: loss, remark: null };
    } finally {
      await running.process.stop();
    }
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error), remark: null };
  } finally {
    await closeServer(server);
  }
}

/** Download and upload through a port. What is wrong; `null` if all bytes came as they were sent. */
export async function checkBothWays(port: number, payload: Uint8Array): Promise<string | null> {
  return (
    (await compare("a download", port, [Uint8Array.of(DOWNLOAD)], payload)) ??
    (await compare("an upload", port, [Uint8Array.of(UPLOAD), payload], new TextEncoder().encode(hash(payload))))
  );
}

/** Download and upload in several connections at once, each with other bytes. */
export async function checkTogether(port: number, payload: Uint8Array): Promise<string | null> {
  const parts = Array.from({ length: PARTS }, (_, index) => partOf(payload, index));
  const found = await Promise.all([
    ...parts.map((part, index) =>
      compare("a download among others", port, [Uint8Array.of(DOWNLOAD_PART, index)], part),
    ),
    ...parts.map((part, index) => {
      const answer = new TextEncoder().encode(hash(part));
      return compare("an upload among others", port, [Uint8Array.of(UPLOAD_PART, index), part], answer);
    }),
  ]);
  return found.find((failure) => failure !== null) ?? null;
}

function partOf(payload: Uint8Array, index: number): Uint8Array {
  const length = Math.floor(payload.length / PARTS);
  return payload.subarray(index * length, (index + 1) * length);
}

/** Download where the upstream closes as soon as it has sent all. */
export function checkEnd(port: number, payload: Uint8Array): Promise<string | null> {
  return compare("a download that ends", port, [Uint8Array.of(DOWNLOAD_AND_END)], payload);
}

async function compare(
  what: string,
  port: number,
  messages: readonly Uint8Array[],
  expected: Uint8Array,
): Promise<string | null> {
  try {
    const answer = await exchange(port, messages, expected.length);
    return hash(answer) === hash(expected) ? null : `${what} came with other bytes`;
  } catch (error) {
    return `${what} failed: ${error instanceof Error ? error.message : error}`;
  }
}

/** The upstream: the first byte says what it does. */
export function serve(socket: Socket, payload: Uint8Array): void {
  // A peer that is only asked whether it accepts may reset its connection.
  socket.on("error", () => {});
  let uploaded: Uint8Array[] | null = null;
  let expected = payload.length;
  let length = 0;
  socket.on("data", (bytes: Uint8Array) => {
    if (uploaded === null) {
      if (bytes[0] === DOWNLOAD) return void socket.write(payload);
      if (bytes[0] === DOWNLOAD_AND_END) return void socket.end(payload);
      const part = partOf(payload, bytes[1] ?? 0);
      if (bytes[0] === DOWNLOAD_PART) return void socket.write(part);
      const isPart = bytes[0] === UPLOAD_PART;
      if (isPart) expected = part.length;
      uploaded = [];
      bytes = bytes.subarray(isPart ? 2 : 1);
    }
    uploaded.push(bytes.slice());
    length += bytes.length;
    if (length >= expected) socket.end(hash(...uploaded));
  });
}

function exchange(port: number, messages: readonly Uint8Array[], expectedBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const answer = new Uint8Array(expectedBytes);
    let length = 0;
    const socket = createConnection(port, "127.0.0.1", () => {
      for (const message of messages) socket.write(message);
    });
    const timer = setTimeout(
      () => socket.destroy(new Error(`only ${length} bytes within ${TIMEOUT_MS / 1000} s`)),
      TIMEOUT_MS,
    );
    socket.on("data", (bytes: Uint8Array) => {
      if (length + bytes.length > expectedBytes) socket.destroy(new Error("more bytes came than were sent"));
      else answer.set(bytes, length);
      length += bytes.length;
      if (length === expectedBytes) socket.end();
    });
    socket.once("error", reject);
    socket.once("close", () => {
      clearTimeout(timer);
      if (length === expectedBytes) resolve(answer);
      else reject(new Error(`a connection ended after ${length} of ${expectedBytes} bytes`));
    });
  });
}

/** SHA-256 of all parts together. */
export function hash(...parts: readonly Uint8Array[]): string {
  const sha256 = createHash("sha256");
  for (const part of parts) sha256.update(part);
  return sha256.digest("hex");
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
