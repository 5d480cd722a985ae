/**
 * What a simulated client asks for, what upstreams answered, and whether a response is the right one.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Random } from "../../net/memory/random.ts";

/** A response that an upstream has begun. */
export interface Attempt {
  readonly status: number;
  /** Of the body, without framing. */
  readonly data: string;
}

/** When a filter acts. */
export type HookName = "head" | "route" | "response";

/** How long a filter takes: no time, or until promises, a short or a long timer are done. */
export type Wait = "none" | "microtask" | "timer" | "long";

/** What a filter does with a body. The last two of its changes, and of what it puts in its place, fail on the way. */
export type BodyDeed = "none" | "transform" | "replace" | "stream" | "read" | "read-little" | "throw" | "stream-throw";

/** The limit of `read-little`. */
export const LITTLE_BYTES = 50;

/** What filters do with a request and its response. */
export interface Changes {
  readonly request: BodyDeed;
  readonly response: BodyDeed;
  readonly isHeadChanged: boolean;
  /** The hook that answers. */
  readonly answers: HookName | null;
  /** The hook that throws. */
  readonly throws: HookName | null;
  readonly waits: Readonly<Record<HookName, Wait>>;
}

/** Without filters. */
export const NO_CHANGES: Changes = {
  request: "none",
  response: "none",
  isHeadChanged: false,
  answers: null,
  throws: null,
  waits: { head: "none", route: "none", response: "none" },
};

/** Of most requests few things are changed. */
export function drawChanges(random: Random): Changes {
  const rarely = <T>(few: readonly T[], most: T): T => (random.chance(0.1) ? random.pick(few) : most);
  const deeds: readonly BodyDeed[] = ["transform", "replace", "stream", "read", "read-little", "throw", "stream-throw"];
  const hooks: readonly HookName[] = ["head", "route", "response"];
  const wait = (): Wait => (random.chance(0.4) ? random.pick(["microtask", "timer", "timer", "long"]) : "none");
  return {
    request: random.chance(0.5) ? random.pick(deeds) : "none",
    response: random.chance(0.5) ? random.pick(deeds) : "none",
    isHeadChanged: random.chance(0.3),
    answers: rarely(hooks, null),
    throws: rarely(hooks, null),
    waits: { head: wait(), route: wait(), response: wait() },
  };
}

/** The body that a filter puts in the place of the request's, or of its response's. */
export function replacementFor({ target, data }: Exchange): string {
  return `in the place of ${data.length} bytes of ${target}; `.repeat(20);
}

/** A body as it is after a filter did that with it. */
export function changedData(exchange: Exchange, deed: BodyDeed, data: string): string {
  if (deed === "transform" || deed === "throw") return data.toUpperCase();
  return deed === "replace" || deed === "stream" || deed === "stream-throw" ? replacementFor(exchange) : data;
}

/** One request, and all that became of it. */
export interface Exchange {
  /** Unlike any other's. */
  readonly target: string;
  readonly method: string;
  readonly isOld: boolean;
  readonly head: string;
  /** With its framing. */
  readonly body: string;
  /** Without it. */
  readonly data: string;
  readonly changes: Changes;
  /** How often an upstream saw its head. */
  seen: number;
  readonly attempts: Attempt[];
}

/** How the responses of a plan's upstreams, and its requests, may be. */
export interface ExchangePlan {
  readonly methods: readonly string[];
  readonly bodyBytes: number;
  /** Are there filters? */
  readonly hasFilters: boolean;
}

/** Text of random letters. */
export function drawText(random: Random, bytes: number): string {
  let text = "";
  while (text.length < bytes) text += random.next().toString(36);
  return text.slice(0, bytes);
}

/** Data in chunks of random sizes, now and then with an extension or trailers. */
export function drawChunks(random: Random, data: string): string {
  let chunks = "";
  for (let at = 0; at < data.length; ) {
    const size = random.between(1, random.pick([1, 10, 5000]));
    const piece = data.slice(at, at + size);
    chunks += `${piece.length.toString(16)}${random.chance(0.1) ? ';a="b;\\""' : ""}\r\n${piece}\r\n`;
    at += piece.length;
  }
  return `${chunks}0\r\n${random.chance(0.2) ? "X-Trailer: 1\r\n" : ""}\r\n`;
}

/** A request. */
export function drawExchange(random: Random, plan: ExchangePlan, target: string, isOld: boolean): Exchange {
  const method = random.pick(plan.methods);
  const hasBody = method === "POST" || method === "PUT";
  const data = hasBody ? drawText(random, random.below(random.pick([1, 100, plan.bodyBytes]))) : "";
  const isChunked = hasBody && !isOld && random.chance(0.5);
  const framing = isChunked ? "Transfer-Encoding: chunked\r\n" : hasBody ? `Content-Length: ${data.length}\r\n` : "";
  const version = isOld ? "HTTP/1.0" : "HTTP/1.1";
  return {
    target,
    method,
    isOld,
    head: `${method} ${target} ${version}\r\nHost: a\r\n${framing}X-Own: ${target}\r\n\r\n`,
    body: isChunked ? drawChunks(random, data) : data,
    data,
    changes: plan.hasFilters ? drawChanges(random) : NO_CHANGES,
    seen: 0,
    attempts: [],
  };
}

/** The value of a field in a head, or `""`. */
export function field(head: string, name: string): string {
  return new RegExp(`^${name}:[ \t]*(.*)$`, "im").exec(head)?.[1]?.trim() ?? "";
}

/** What a client has read of a response. */
interface Reading {
  readonly head: string;
  readonly data: string;
  /** Where the next response starts; -1 while this one goes on. */
  readonly end: number;
  /** Does it go on until the connection ends? */
  readonly isUntilEnd: boolean;
}

/** Read a final response from the start of a text; `null` while its head is not there. */
export function readResponse(text: string, method: string): Reading | null {
  let start = 0;
  let headEnd = text.indexOf("\r\n\r\n");
  while (headEnd >= 0 && text.startsWith("HTTP/1.1 1", start)) {
    start = headEnd + 4;
    headEnd = text.indexOf("\r\n\r\n", start);
  }
  if (headEnd < 0) return null;
  const head = text.slice(start, headEnd);
  const bodyStart = headEnd + 4;
  const status = statusIn(head);
  if (method === "HEAD" || status === 204 || status === 304) {
    return { head, data: "", end: bodyStart, isUntilEnd: false };
  }
  return readBody(text, head, bodyStart);
}

/** Read the body behind a head. */
export function readBody(text: string, head: string, bodyStart: number): Reading {
  const length = field(head, "content-length");
  if (length !== "") {
    const end = bodyStart + Number(length);
    return { head, data: text.slice(bodyStart, end), end: text.length >= end ? end : -1, isUntilEnd: false };
  }
  if (field(head, "transfer-encoding") === "") {
    return { head, data: text.slice(bodyStart), end: -1, isUntilEnd: true };
  }
  return { head, ...readChunks(text, bodyStart), isUntilEnd: false };
}

/** The status code of a head. */
export function statusIn(head: string): number {
  assert.match(head, /^HTTP\/1\.1 \d{3} /);
  return Number(head.slice(9, 12));
}

function readChunks(text: string, start: number): { data: string; end: number } {
  let data = "";
  let at = start;
  while (true) {
    const lineEnd = text.indexOf("\r\n", at);
    if (lineEnd < 0) return { data, end: -1 };
    const line = text.slice(at, lineEnd);
    assert.match(line, /^[0-9a-f]+(;.*)?$/, "a chunk has a size");
    const size = Number.parseInt(line, 16);
    at = lineEnd + 2;
    if (size === 0) break;
    data += text.slice(at, at + size);
    if (text.length < at + size + 2) return { data, end: -1 };
    assert.equal(text.slice(at + size, at + size + 2), "\r\n", "a chunk ends after its size");
    at += size + 2;
  }
  while (!text.startsWith("\r\n", at)) {
    const lineEnd = text.indexOf("\r\n", at);
    if (lineEnd < 0) return { data, end: -1 };
    at = lineEnd + 2;
  }
  return { data, end: at + 2 };
}

/** Is it a response that an upstream gave to this very request, up to where it was read? */
export function assertRight(exchange: Exchange, reading: Reading, isWhole: boolean): void {
  assert.equal(field(reading.head, "x-id"), exchange.target, "the response is one to this request");
  const status = statusIn(reading.head);
  const isRight = exchange.attempts.some((attempt) => {
    if (attempt.status !== status) return false;
    const isEmpty = exchange.method === "HEAD" || status === 204 || status === 304;
    const data = isEmpty ? "" : changedData(exchange, exchange.changes.response, attempt.data);
    return isWhole ? data === reading.data : data.startsWith(reading.data);
  });
  if (exchange.changes.isHeadChanged) assert.equal(field(reading.head, "x-filter"), exchange.target);
  assert.ok(isRight, `${isWhole ? "a whole" : "a part of a"} response to ${exchange.target}: ${reading.data.length}`);
}
