import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { textOf } from "../../http/test_messages.ts";
import { ascii } from "./bytes.ts";
import {
  clientLines,
  putRequestHead,
  type RequestAdditions,
  RequestChanges,
  requestHeadBytes,
} from "./request_head.ts";
import { RequestIds } from "./request_ids.ts";
import { parsed, type RequestText } from "./routing/test_routes.ts";

const CLIENT = ascii("192.0.2.1");
const ADDITIONS: RequestAdditions = {
  clientText: "192.0.2.1",
  client: CLIENT,
  lines: clientLines(CLIENT),
  forwardedFor: CLIENT,
  isTrusted: false,
  isForwardedWritten: false,
  requestIds: new RequestIds(),
};
const ID = "0123456789abcdef0123456789abcdef";

function forwarded(request: RequestText, change: (changes: RequestChanges) => void): string {
  const { head, memory, base } = parsed(request);
  const changes = new RequestChanges();
  change(changes);
  const target = new Uint8Array(requestHeadBytes(head, changes));
  return textOf(target.subarray(0, putRequestHead(target, 0, head, memory, base, ADDITIONS, changes)));
}

/** The request's line and the fields in order of their names, which says all but the order of different fields. */
function linesOf(text: string): string[] {
  const [line = "", ...fields] = text
    .replace(/x-request-id: [0-9a-f]{32}\r\n/, `x-request-id: ${ID}\r\n`)
    .split("\r\n");
  assert.deepEqual(fields.splice(-2), ["", ""]);
  const name = (field: string) => field.slice(0, field.indexOf(":")).toLowerCase();
  return [line, ...fields.sort((a, b) => (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0))];
}

const FIELD = fc.oneof(
  fc.constantFrom(
    "Connection: x-a",
    "connection: keep-alive",
    "Keep-Alive: 5",
    "TE: trailers",
    "X-A: 1",
    "X-Forwarded-For: 198.51.100.7",
    "Forwarded: for=x",
    "x-request-id: made-up",
    "Via: 1.1 other",
    "Upgrade: h2c",
    "Max-Forwards: 3",
    "Accept: */*",
  ),
  fc.stringMatching(/^x-[a-z]{1,40}: [!-~]{0,60}$/),
);

describe("putRequestHead", () => {
  it("writes an ordinary head in few pieces as it would write it line by line", () => {
    const request = fc.record({
      method: fc.constantFrom("GET", "POST", "OPTIONS", "M-SEARCH"),
      target: fc.constantFrom("/", "/a/b?c=d", "http://other/x", `/${"long".repeat(50)}`),
      host: fc.constantFrom("a", "example.org:8080", "[2001:db8::1]"),
      fields: fc.array(FIELD, { maxLength: 12 }),
    });
    fc.assert(
      fc.property(request, (text) => {
        // With an id of its own the request is no ordinary one.
        const byLine = forwarded(text, (changes) => {
          changes.requestId = ascii(ID);
        });
        assert.deepEqual(linesOf(forwarded(text, () => {})), linesOf(byLine));
      }),
    );
  });

  it("says where a request comes from, and not what its client says about that", () => {
    const fields = ["Connection: close", "X-Forwarded-For: 10.0.0.1", "Accept: */*", "Forwarded: for=10.0.0.1"];
    assert.deepEqual(linesOf(forwarded({ method: "POST", target: "/x", host: "b:81", fields }, () => {})), [
      "POST /x HTTP/1.1",
      "Accept: */*",
      "Host: b:81",
      "via: 1.1 ringway",
      "x-forwarded-for: 192.0.2.1",
      "x-forwarded-host: b:81",
      "x-forwarded-proto: http",
      `x-request-id: ${ID}`,
    ]);
  });
});
