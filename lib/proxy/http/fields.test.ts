import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Head } from "../../http/head.ts";
import { defaultHttpLimits } from "../../http/limits.ts";
import { METHOD_GET } from "../../http/methods.ts";
import { parseResponseHead } from "../../http/parse_head.ts";
import { latin1, textOf } from "../../http/test_messages.ts";
import { closeGaps, fieldTable, putFields } from "./fields.ts";
import { staysInPlace } from "./response_head.ts";

const BASE = 5;
const STATUS_LINE = "HTTP/1.1 200 OK\r\n";

function parsed(text: string): { head: Head; memory: Uint8Array } {
  const memory = latin1(`/../.${text}body`);
  const head = new Head(defaultHttpLimits);
  assert.equal(parseResponseHead(head, memory, BASE, memory.length, METHOD_GET), text.length, head.fault?.code ?? "");
  return { head, memory };
}

describe("closeGaps", () => {
  it("leaves the same fields in place as are copied otherwise, right before the body", () => {
    const field = fc.oneof(
      fc.constantFrom("Connection: x-a, close", "Keep-Alive: 5", "TE: x", "X-A: 1", "Date: now"),
      fc.stringMatching(/^x-[a-z]{1,30}: [!-~]{0,99}$/),
    );
    fc.assert(
      fc.property(fc.array(field, { maxLength: 12 }), (fields) => {
        const { head, memory } = parsed(`${[STATUS_LINE.trimEnd(), ...fields].join("\r\n")}\r\n\r\n`);
        const copied = new Uint8Array(head.length);
        const end = putFields(copied, 0, head, memory, BASE, fieldTable([]), -1, -1);
        const removedBytes = closeGaps(head, memory, BASE);
        const kept = textOf(memory.subarray(BASE + removedBytes));
        assert.equal(kept, `${STATUS_LINE}${textOf(copied.subarray(0, end))}\r\nbody`);
        assert.equal(textOf(memory.subarray(0, BASE)), "/../.");
      }),
    );
  });
});

describe("staysInPlace", () => {
  it("is for a head that lacks nothing", () => {
    const answer = (text: string) => staysInPlace(parsed(`${text}\r\n\r\n`).head);
    assert.equal(answer("HTTP/1.1 200 OK\r\nDate: x"), true);
    assert.equal(answer("HTTP/1.1 200 \r\nDate: x"), true);
    assert.equal(answer("HTTP/1.1 200\r\nDate: x"), false, "no space behind the status");
    assert.equal(answer("HTTP/1.0 200 OK\r\nDate: x"), false, "another version");
    assert.equal(answer("HTTP/1.1 200 OK\r\nServer: x"), false, "no date");
  });
});
