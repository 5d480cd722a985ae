/** Which protocols a client may change to. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Head } from "../../http/head.ts";
import { defaultHttpLimits } from "../../http/limits.ts";
import { parseRequestHead } from "../../http/parse_head.ts";
import { latin1 } from "../../http/test_messages.ts";
import { mayUpgrade } from "./upgrade.ts";

function may(value: string): boolean {
  const head = new Head(defaultHttpLimits);
  // Not at the beginning of the memory, and with something behind the value.
  const bytes = latin1(`12345GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: ${value}\r\nX: h2c\r\n\r\n`);
  assert.equal(parseRequestHead(head, bytes, 5, bytes.length), bytes.length - 5, value);
  return mayUpgrade(head, bytes, 5);
}

describe("an upgrade", () => {
  it("may be to any protocol that does not carry HTTP", () => {
    const values = ["websocket", "WebSocket", "x-echo/1", "x, y/2", "h2cx", "xh2c", "x/h2c", "", ", ,x"];
    assert.deepEqual(
      values.filter((value) => !may(value)),
      [],
    );
  });

  it("may not be to one that does, wherever and however it is written", () => {
    for (const value of [
      "h2c",
      "H2C",
      "h2c ",
      "h2",
      "h3",
      "HTTP/2.0",
      "http / 2.0",
      "TLS/1.0, HTTP/1.1",
      "tls/1.2",
      "websocket, h2c",
      "h2c,websocket",
      "x/1,\th2c/x",
      "x / , h2c",
      "websocket h2c",
    ]) {
      assert.equal(may(value), false, value);
    }
  });

  it("may not be to what is no list of protocols", () => {
    for (const value of ['"h2c"', "h2c;q=1", "websocket;h2c", "x=y", "x\xe9", "(x)"]) {
      assert.equal(may(value), false, value);
    }
  });

  it("is judged as by a reader who cuts the list at its commas", () => {
    const part = fc.constantFrom("h2c", "H2c", "websocket", "x/h2c", "http/2", "tls", "a", " ", "\t");
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
        const names = parts.map((text) => text.split("/")[0]?.trim().toLowerCase() ?? "");
        assert.equal(may(parts.join(",")), !names.some((name) => ["h2c", "http", "tls"].includes(name)));
      }),
    );
  });
});
