/** Lines of the access log: what stands in them, that nobody can break out of them, and when they are handed on. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Head } from "../../http/head.ts";
import { defaultHttpLimits } from "../../http/limits.ts";
import { parseRequestHead } from "../../http/parse_head.ts";
import { MemoryDriver } from "../../net/memory/driver.ts";
import { MemoryNetwork } from "../../net/memory/network.ts";
import { AccessLog, LogEntry } from "./access_log.ts";
import { LOG_FIELDS, lineFormat } from "./access_log_format.ts";
import { ascii } from "./bytes.ts";

const decoder = new TextDecoder("latin1");

/** What a log writes for these requests. */
function linesOf(format: string, requests: readonly string[], change: (entry: LogEntry) => void = () => {}): string {
  const written: string[] = [];
  const driver = new MemoryDriver(new MemoryNetwork({ seed: 1 }));
  const log = new AccessLog(driver, lineFormat(format), (bytes) => written.push(decoder.decode(bytes)));
  const entry = new LogEntry();
  const head = new Head(defaultHttpLimits);
  for (const request of requests) {
    const bytes = Uint8Array.from(request, (character) => character.charCodeAt(0));
    head.reset();
    assert.equal(parseRequestHead(head, bytes, 0, bytes.length), bytes.length);
    entry.client = ascii("192.0.2.1");
    log.begin(entry, head, bytes, 0);
    entry.status = 200;
    change(entry);
    log.end(entry);
  }
  log.flush();
  return written.join("");
}

const REQUEST = "GET /a?b=c HTTP/1.1\r\nHost: x\r\nReferer: http://y/\r\nUser-Agent: test/1\r\n\r\n";

describe("the access log", () => {
  it("writes the combined format, and what a proxy knows besides", () => {
    const line = linesOf("combined", [REQUEST], (entry) => {
      entry.startMs = Date.UTC(2026, 0, 31, 12, 0, 5);
      entry.sentBytes = 1234;
      entry.upstream = "10.0.0.1:80";
      entry.requestId = ascii("abc");
      entry.requestIdBytes = 3;
    });
    const expected =
      '192.0.2.1 - - [31/Jan/2026:12:00:05 +0000] "GET /a?b=c HTTP/1.1" 200 1234 "http://y/" "test/1" ' +
      "- 0 10.0.0.1:80 abc\n";
    assert.equal(line, expected);
  });

  it("writes the common format", () => {
    const line = linesOf("common", [REQUEST], (entry) => {
      entry.startMs = Date.UTC(2026, 0, 31, 12, 0, 5);
      entry.sentBytes = 7;
    });
    assert.equal(line, '192.0.2.1 - - [31/Jan/2026:12:00:05 +0000] "GET /a?b=c HTTP/1.1" 200 7\n');
  });

  it("writes JSON with every field, null for what is not known", () => {
    const record = JSON.parse(linesOf("json", ["GET / HTTP/1.0\r\n\r\n"]));
    assert.deepEqual(Object.keys(record), LOG_FIELDS);
    assert.equal(record.version, "HTTP/1.0");
    assert.equal(record.status, 200);
    assert.equal(record.user_agent, null);
    assert.equal(record.request_id, null);
    assert.match(record.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it("writes templates, with a percent sign as two of them", () => {
    assert.equal(linesOf("%method% 100%% %user_agent%", [REQUEST]), "GET 100% test/1\n");
  });

  it("refuses fields that it does not know, and says which there are", () => {
    assert.throws(() => lineFormat("%method% %path%"), {
      code: "ERR_ACCESS_LOG_FORMAT",
      message: /%path%.*user_agent/,
    });
  });

  it("keeps clients from breaking out of quotes and lines", () => {
    const request = 'GET /"x\\ HTTP/1.1\r\nHost: x\r\nUser-Agent: "\t\\\xff\x80\r\n\r\n';
    assert.equal(linesOf('"%target%" "%user_agent%"', [request]), '"/\\x22x\\x5c" "\\x22\\x09\\x5c\\xff\\x80"\n');
    const record = JSON.parse(linesOf("json", [request]));
    assert.equal(record.target, '/"x\\');
    assert.equal(record.user_agent, '"\t\\\xff\x80');
  });

  it("cuts what is too long", () => {
    const request = `GET /${"x".repeat(5000)} HTTP/1.1\r\nHost: x\r\nUser-Agent: ${'"'.repeat(5000)}\r\n\r\n`;
    const line = linesOf("%target% %user_agent%", [request]);
    assert.equal(line, `/${"x".repeat(2047)} ${"\\x22".repeat(2048)}\n`);
  });

  it("hands on whole lines, however many", () => {
    const lines = linesOf("combined", new Array<string>(3000).fill(REQUEST)).split("\n");
    assert.equal(lines.length, 3001);
    assert.ok(lines.slice(0, -1).every((line) => line.startsWith("192.0.2.1 - - [") && line.endsWith(" - 0 - -")));
  });
});
