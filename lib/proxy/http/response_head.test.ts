/** The head of a forwarded response: its framing, what a route changes, and that it fits into its room. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Head } from "../../http/head.ts";
import { defaultHttpLimits } from "../../http/limits.ts";
import { METHOD_GET, METHOD_HEAD } from "../../http/methods.ts";
import { parseResponseHead } from "../../http/parse_head.ts";
import { latin1, textOf } from "../../http/test_messages.ts";
import {
  BODY_CHUNKED,
  BODY_RAW,
  BODY_UNFRAMED,
  putResponseHead,
  RESPONSE_ADDITION_BYTES,
  RESPONSE_FRAMING_KEPT,
  RESPONSE_FRAMING_UNKNOWN,
  type ResponseAdditions,
} from "./response_head.ts";
import { HeaderEdits } from "./routing/header_edits.ts";
import type { HeaderChanges } from "./routing/route_options.ts";

const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";

/** The lines of the head that a client gets. */
function written(
  response: readonly string[],
  additions: Partial<ResponseAdditions> = {},
  changes: Partial<HeaderChanges> | null = null,
  method: number = METHOD_GET,
): string[] {
  const base = 5;
  const text = `${response.join("\r\n")}\r\n\r\n`;
  const memory = latin1(`12345${text}body`);
  const head = new Head(defaultHttpLimits);
  assert.equal(parseResponseHead(head, memory, base, memory.length, method), text.length, `${head.fault?.code}`);
  const edits = changes === null ? null : new HeaderEdits({ remove: [], set: [], add: [], ...changes });
  const target = new Uint8Array(text.length + RESPONSE_ADDITION_BYTES + (edits?.maximumBytes ?? 0));
  const end = putResponseHead(target, 0, head, memory, base, {
    bodyMode: BODY_RAW,
    isLast: false,
    isOldClient: false,
    date: latin1(DATE),
    framing: RESPONSE_FRAMING_KEPT,
    edits,
    ...additions,
  });
  assert.ok(end <= target.length);
  const lines = textOf(target.subarray(0, end));
  assert.ok(lines.endsWith("\r\n\r\n"));
  return lines.trimEnd().split("\r\n");
}

const OK = "HTTP/1.1 200 OK";
const LENGTH = "Content-Length: 4";
const CHUNKED = "Transfer-Encoding: chunked";
const NOW = `date: ${DATE}`;

describe("a response's head", () => {
  it("is passed on, with a date", () => {
    assert.deepEqual(written([OK, "X-A: 1", LENGTH]), [OK, "X-A: 1", LENGTH, NOW]);
    assert.deepEqual(written([OK, "Date: then", LENGTH]), [OK, "Date: then", LENGTH]);
    assert.deepEqual(written(["HTTP/1.0 299 So so", LENGTH]), ["HTTP/1.1 299 So so", LENGTH, NOW]);
  });

  it("says what becomes of the client's connection", () => {
    assert.deepEqual(written([OK, LENGTH], { isLast: true }), [OK, LENGTH, "connection: close", NOW]);
    assert.deepEqual(written([OK, LENGTH], { isOldClient: true }), [OK, LENGTH, "connection: keep-alive", NOW]);
    const both = { isLast: true, isOldClient: true };
    assert.deepEqual(written([OK, LENGTH, "Connection: keep-alive"], both), [OK, LENGTH, "connection: close", NOW]);
  });

  it("says how the body is framed", () => {
    const chunked = "transfer-encoding: chunked";
    assert.deepEqual(written([OK], { bodyMode: BODY_CHUNKED }), [OK, chunked, NOW]);
    assert.deepEqual(written([OK, CHUNKED, "Trailer: x"]), [OK, CHUNKED, "Trailer: x", NOW]);
    assert.deepEqual(written([OK, CHUNKED], { bodyMode: BODY_UNFRAMED, isLast: true }), [OK, "connection: close", NOW]);
  });

  it("says how another body is framed", () => {
    const old = [OK, CHUNKED, "Trailer: x", "ETag: y"];
    const bodyMode = BODY_UNFRAMED;
    assert.deepEqual(written(old, { bodyMode, framing: 0 }), [OK, "ETag: y", "content-length: 0", NOW]);
    assert.deepEqual(written([OK, LENGTH], { bodyMode, framing: 99 }), [OK, "content-length: 99", NOW]);
    const framing = RESPONSE_FRAMING_UNKNOWN;
    assert.deepEqual(written([OK, LENGTH], { bodyMode, framing }), [OK, "transfer-encoding: chunked", NOW]);
    const toOld = { bodyMode, framing, isOldClient: true, isLast: true };
    assert.deepEqual(written([OK, LENGTH], toOld), [OK, "connection: close", NOW]);
    assert.deepEqual(written([OK, LENGTH], { bodyMode, framing }, null, METHOD_HEAD), [OK, NOW]);
    const empty = ["HTTP/1.1 204 No Content"];
    assert.deepEqual(written(empty, { bodyMode, framing }), [...empty, NOW]);
  });

  it("of an interim response has no date, and nothing about the connection", () => {
    const hints = ["HTTP/1.1 103 Early Hints", "Link: </a>"];
    assert.deepEqual(written(hints, { isLast: true, isOldClient: true }), hints);
  });

  it("of an upgrade keeps what says so", () => {
    const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: x", "Connection: upgrade, x-hop", "X-Hop: 1"];
    const [first = ""] = lines;
    assert.deepEqual(written(lines), [first, "Upgrade: x", "connection: upgrade"]);
  });
});

describe("a route's changes to a response's head", () => {
  it("remove, set and add, behind all others", () => {
    const changes = { remove: ["Server"], set: [["X-A", "new"]] as const, add: [["X-B", "2"]] as const };
    const lines = written([OK, "Server: s", "X-A: 1", "X-B: 1", LENGTH, "server: t"], {}, changes);
    assert.deepEqual(lines, [OK, "X-B: 1", LENGTH, NOW, "X-A: new", "X-B: 2"]);
  });

  it("win over the date", () => {
    for (const own of [[], ["Date: then"]]) {
      assert.deepEqual(written([OK, ...own, LENGTH], {}, { remove: ["date"] }), [OK, LENGTH]);
      assert.deepEqual(written([OK, ...own, LENGTH], {}, { set: [["Date", "now"]] }), [OK, LENGTH, "Date: now"]);
    }
  });

  it("fit into their room beside everything else that is added", () => {
    const changes = { add: [["x", "y".repeat(1000)]] as const };
    const all = { bodyMode: BODY_UNFRAMED, isOldClient: true, framing: Number.MAX_SAFE_INTEGER };
    written([OK], all, changes);
    written([OK], { bodyMode: BODY_CHUNKED, isLast: true }, changes);
  });
});
