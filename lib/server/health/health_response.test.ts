import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HealthResponse } from "./health_response.ts";

const EXPECTED = [
  [200, 299],
  [401, 401],
] as const;

type Verdict = string | null | "open";

/** What is said of a response that arrives in pieces of so many bytes. */
function verdict(text: string, pieceBytes: number, isEnded: boolean): Verdict {
  const response = new HealthResponse(EXPECTED);
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) response.read(bytes.subarray(at, at + pieceBytes));
  if (isEnded) response.end();
  return response.isComplete ? response.failure : "open";
}

const LENGTH = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
const CHUNKED = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

const cases: [name: string, text: string, isEnded: boolean, verdict: Verdict][] = [
  ["a whole body", `${LENGTH}hello`, false, null],
  ["no body", "HTTP/1.1 204 No Content\r\n\r\n", false, null],
  ["chunks", `${CHUNKED}5\r\nhello\r\n0\r\n\r\n`, false, null],
  ["HTTP/1.0 up to the end", "HTTP/1.0 200 OK\r\n\r\nhello", true, null],
  ["another range", "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n", false, null],
  ["a status that is not good", "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 9\r\n\r\n", false, "status 503"],
  ["a status beside the range", "HTTP/1.1 300 Multiple\r\ncontent-length: 0\r\n\r\n", false, "status 300"],
  ["one that switches protocols", "HTTP/1.1 101 Switching Protocols\r\n\r\n", false, "status 101"],
  [
    "interim responses before",
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n${LENGTH}hello`,
    false,
    null,
  ],
  ["an interim response only", "HTTP/1.1 100 Continue\r\n\r\n", true, "the response is cut off"],
  ["a head that goes on", "HTTP/1.1 200 OK\r\ncontent-", false, "open"],
  ["a head that is cut off", "HTTP/1.1 200 OK\r\ncontent-", true, "the response is cut off"],
  ["a body that goes on", `${LENGTH}hel`, false, "open"],
  ["a body that is cut off", `${LENGTH}hel`, true, "the response is cut off"],
  ["chunks that are cut off", `${CHUNKED}5\r\nhello\r\n`, true, "the response is cut off"],
  ["nothing", "", true, "closed without a response"],
];

describe("the response to a health check", () => {
  for (const [name, text, isEnded, expected] of cases) {
    it(`with ${name}: ${expected ?? "good"}`, () => {
      for (let pieceBytes = 1; pieceBytes <= text.length + 1; pieceBytes++) {
        assert.equal(verdict(text, pieceBytes, isEnded), expected, `in pieces of ${pieceBytes}`);
      }
    });
  }

  it("that is not HTTP is not good", () => {
    assert.match(String(verdict("SSH-2.0-OpenSSH_9.2\r\n", 100, false)), /^not a good response: /);
    assert.match(String(verdict(`${CHUNKED}x\r\n`, 100, false)), /^not a good response: /);
  });

  it("is not read to its end when it has none", () => {
    const response = new HealthResponse(EXPECTED);
    response.read(new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\n"));
    for (let pieces = 0; !response.isComplete; pieces++) {
      assert.ok(pieces < 100);
      response.read(new Uint8Array(1024));
    }
    assert.equal(response.failure, null);
  });

  it("can't be put off by interim responses", () => {
    const response = new HealthResponse(EXPECTED);
    const interim = new TextEncoder().encode("HTTP/1.1 103 Early Hints\r\n\r\n");
    for (let pieces = 0; !response.isComplete; pieces++) {
      assert.ok(pieces < 10_000);
      response.read(interim);
    }
    assert.equal(response.failure, "too many interim responses");
  });
});
