/**
 * Sockets on each driver, for tests.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RingwayError } from "../../ffi/errors.ts";
import type { Socket } from "./socket.ts";
import type { SocketListener } from "./socket_listener.ts";
import { openSockets, type Sockets, type SocketsOptions } from "./sockets.ts";

const TEST_TIMEOUT_MS = 20_000;

/** What would be closed if it were collected as garbage in the middle of a test. */
const kept: unknown[] = [];

/** Refer to something until the end of the test. */
export function keep<T>(value: T): T {
  kept.push(value);
  return value;
}

/** What a test has. */
export interface Scene {
  readonly sockets: Sockets;
  /** What no caller could be told. Must be empty at the end unless the test takes it out. */
  readonly problems: RingwayError[];
}

/** Tests that are run on each driver. */
export function onEachDriver(name: string, define: (it: DefineTest) => void): void {
  for (const socketInterface of ["uring", "default"] as const) {
    describe(`${name}, ${socketInterface}`, () => {
      define((what, body, options = {}) => {
        test(what, { timeout: TEST_TIMEOUT_MS }, () => inScene({ socketInterface, ...options }, body));
      });
    });
  }
}

/** Adds a test. */
export type DefineTest = (what: string, body: (scene: Scene) => Promise<void>, options?: SocketsOptions) => void;

/** Open sockets, use them, close them, and see that nothing was left to complain about. */
export async function inScene(options: SocketsOptions, body: (scene: Scene) => Promise<void>): Promise<void> {
  const problems: RingwayError[] = [];
  const sockets = await openSockets({ onProblem: (problem) => problems.push(problem), ...options });
  try {
    await body({ sockets, problems });
  } finally {
    await sockets.close();
    kept.length = 0;
  }
  assert.equal(sockets.driver.connectionCount, 0);
  assert.equal(sockets.driver.userCode.isPending, false);
  assert.deepEqual(
    problems.map(({ message }) => message),
    [],
  );
}

/** Both ends of a connection, and the listener. */
export interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  readonly listener: SocketListener;
}

/** Connect to a listener of one's own. */
export async function connectPair(sockets: Sockets, address = "127.0.0.1:0"): Promise<Pair> {
  const listener = await sockets.listen(address);
  const [client, server] = await Promise.all([sockets.connect(listener.address), listener.accept()]);
  assert.ok(server !== null);
  return keep({ client, server, listener });
}

/** All bytes until the end, as text. */
export async function readAll(socket: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of socket) text += decoder.decode(bytes, { stream: true });
  return text + decoder.decode();
}

/** Resolves once a condition holds; the test's own timeout bounds it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
