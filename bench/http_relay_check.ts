/**
 * Does a peer relay requests and responses as they are? Nothing is measured on one that does not.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { Agent, createServer, type IncomingMessage, request, type Server } from "node:http";
import type { Environment } from "./environment.ts";
import type { Peer } from "./peers/peer.ts";
import { checkWith, hash, PAYLOAD_BYTES, type RelayCheck } from "./relay_check.ts";

const TIMEOUT_MS = 20_000;
/** What a path asks for; without `/chunked`, a body has a length. */
const CHUNKED = "/chunked";

/** Download and upload 10 MiB, with a length and in chunks. */
export function checkHttpRelay(environment: Environment, peer: Peer): Promise<RelayCheck> {
  const payload = randomBytes(PAYLOAD_BYTES);
  return checkWith(environment, peer, createUpstream(payload), async (port) => {
    const failure = await checkBodies(port, payload);
    return { failure, loss: failure ?? (await checkChunkedBodies(port, payload)) };
  });
}

/** Download and upload bodies whose length is known. What is wrong; `null` if all bytes came as they were sent. */
export function checkBodies(port: number, payload: Uint8Array): Promise<string | null> {
  return checkPath(port, "/", "", payload);
}

/** The same with bodies whose length is not known before. */
export function checkChunkedBodies(port: number, payload: Uint8Array): Promise<string | null> {
  return checkPath(port, CHUNKED, " in chunks", payload);
}

async function checkPath(port: number, path: string, suffix: string, payload: Uint8Array): Promise<string | null> {
  // One connection, so that what follows a large body is checked too.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const expected = hash(payload);
    return (
      (await compare(`a download${suffix}`, async () => hash(await exchange(agent, port, path, null)), expected)) ??
      (await compare(`an upload${suffix}`, async () => `${await exchange(agent, port, path, payload)}`, expected))
    );
  } finally {
    agent.destroy();
  }
}

async function compare(what: string, ask: () => Promise<string>, expected: string): Promise<string | null> {
  try {
    return (await ask()) === expected ? null : `${what} came with other bytes`;
  } catch (error) {
    return `${what} failed: ${error instanceof Error ? error.message : error}`;
  }
}

/** An upstream: a GET is answered with the payload, a POST with the hash of what came. */
export function createUpstream(payload: Uint8Array): Server {
  return createServer(async (message, response) => {
    try {
      const body = message.method === "POST" ? Buffer.from(hash(await bodyOf(message))) : payload;
      if (message.url !== CHUNKED) response.setHeader("Content-Length", body.length);
      // The head before the body: else a body that is known as a whole would get a length.
      response.flushHeaders();
      response.end(body);
    } catch {
      // The one that asks says what was wrong.
      response.destroy();
    }
  });
}

function exchange(agent: Agent, port: number, path: string, body: Uint8Array | null): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const headers = body === null || path === CHUNKED ? {} : { "Content-Length": body.length };
    const method = body === null ? "GET" : "POST";
    const sent = request({ agent, host: "127.0.0.1", port, path, method, headers }, (response) => {
      if (response.statusCode !== 200) {
        response.resume();
        reject(new Error(`the response has the status ${response.statusCode}`));
        return;
      }
      bodyOf(response).then(resolve, reject);
    });
    const timer = setTimeout(() => sent.destroy(new Error(`no whole response in ${TIMEOUT_MS / 1000} s`)), TIMEOUT_MS);
    sent.once("close", () => clearTimeout(timer));
    sent.once("error", reject);
    // In two parts: a body that is known as a whole would get a length.
    if (body !== null) {
      sent.write(body.subarray(0, 1));
      sent.write(body.subarray(1));
    }
    sent.end();
  });
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of message) parts.push(part);
  if (!message.complete) throw new Error("a body was cut");
  return Buffer.concat(parts);
}
