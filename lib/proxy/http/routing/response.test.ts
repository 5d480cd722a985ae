import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Head } from "../../../http/head.ts";
import { defaultHttpLimits } from "../../../http/limits.ts";
import { METHOD_GET, METHOD_HEAD } from "../../../http/methods.ts";
import { parseResponseHead } from "../../../http/parse_head.ts";
import { ascii } from "../bytes.ts";
import { localReply } from "../local_reply.ts";
import { NO_ENDPOINT } from "../reasons.ts";
import type { LocalReplyBytes, ReplyContext } from "../reply.ts";
import { HeaderEdits } from "./header_edits.ts";
import { directResponse, redirectResponse } from "./response.ts";
import { Route } from "./route.ts";
import type { DirectResponse } from "./route_options.ts";
import { routeOptions } from "./test_routes.ts";

const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";
const CONTEXT: ReplyContext = { isHeadOnly: false, isLast: false, date: ascii(DATE), edits: null };

/** Head and body, after the parser has found the head to be valid and the body to be as long as it says. */
function partsOf({ bytes, bodyBytes }: LocalReplyBytes, isHeadOnly = false): { lines: string[]; body: string } {
  const head = new Head(defaultHttpLimits);
  const method = isHeadOnly ? METHOD_HEAD : METHOD_GET;
  const length = parseResponseHead(head, bytes, 0, bytes.length, method);
  assert.equal(head.fault, null);
  assert.equal(bytes.length - length, bodyBytes);
  if (!isHeadOnly && head.contentLength >= 0) assert.equal(head.contentLength, bodyBytes);
  const text = new TextDecoder().decode(bytes);
  const [first = "", ...rest] = text.split("\r\n\r\n");
  return { lines: first.split("\r\n"), body: rest.join("\r\n\r\n") };
}

function direct(response: Partial<DirectResponse>, context: Partial<ReplyContext> = {}): ReturnType<typeof partsOf> {
  const whole = { status: 200, body: "", contentType: "text/plain", ...response };
  const { body } = new Route(routeOptions({}, { action: { type: "response", response: whole } }), "");
  return partsOf(directResponse(whole, body, { ...CONTEXT, ...context }), context.isHeadOnly);
}

describe("directResponse()", () => {
  it("has the body, its type and its length in bytes", () => {
    assert.deepEqual(direct({ body: "ü\n" }), {
      lines: ["HTTP/1.1 200 OK", "content-type: text/plain", `date: ${DATE}`, "content-length: 3"],
      body: "ü\n",
    });
  });

  it("has no type without a body", () => {
    assert.equal(
      direct({}).lines.some((line) => line.startsWith("content-type")),
      false,
    );
  });

  it("has only the head after HEAD, with the length of the body", () => {
    const { lines, body } = direct({ body: "abc" }, { isHeadOnly: true });
    assert.equal(lines.at(-1), "content-length: 3");
    assert.equal(body, "");
  });

  it("has no body where a status has none", () => {
    for (const [status, length] of [
      [204, null],
      [304, null],
      [205, "content-length: 0"],
      [200, "content-length: 0"],
    ] as const) {
      const { lines, body } = direct({ status, body: status === 200 ? "" : "abc" });
      assert.equal(body, "");
      assert.equal(lines.find((line) => line.startsWith("content-length")) ?? null, length);
    }
  });

  it("says that the connection ends, and knows statuses without a text", () => {
    const { lines } = direct({ status: 299 }, { isLast: true });
    assert.equal(lines[0], "HTTP/1.1 299 ");
    assert.equal(lines.at(-1), "connection: close");
  });

  it("has the changes to its fields", () => {
    const edits = new HeaderEdits({ set: [["Content-Type", "a/b"]], add: [["X-A", "1"]], remove: ["date"] });
    const { lines, body } = direct({ body: "x" }, { edits });
    assert.deepEqual(lines, ["HTTP/1.1 200 OK", "content-length: 1", "Content-Type: a/b", "X-A: 1"]);
    assert.equal(body, "x");
  });

  it("refuses a status or a type that can't be sent", () => {
    for (const response of [{ status: 199 }, { status: 600 }, { status: 200.5 }, { contentType: "a\r\nb" }]) {
      assert.throws(() => direct(response), { code: "ERR_CONFIG" }, JSON.stringify(response));
    }
  });
});

describe("redirectResponse()", () => {
  it("has the location in the head and in a short text", () => {
    const { lines, body } = partsOf(redirectResponse(308, "/new?x", CONTEXT));
    assert.equal(lines[0], "HTTP/1.1 308 Permanent Redirect");
    assert.equal(lines[1], "location: /new?x");
    assert.equal(body, "308 Permanent Redirect: /new?x\n");
  });

  it("can be sent elsewhere by a change of its fields", () => {
    const edits = new HeaderEdits({ set: [["Location", "/x"]], add: [], remove: [] });
    const { lines } = partsOf(redirectResponse(302, "/new", { ...CONTEXT, edits }));
    assert.deepEqual(
      lines.filter((line) => /^location/i.test(line)),
      ["Location: /x"],
    );
  });
});

describe("localReply()", () => {
  it("is made of the same parts", () => {
    const reply = {
      reason: NO_ENDPOINT,
      status: 503,
      detail: "",
      isJson: false,
      date: ascii(DATE),
      requestId: ascii(""),
      edits: null,
    };
    assert.deepEqual(partsOf(localReply({ ...reply, isHeadOnly: false, isLast: true })), {
      lines: [
        "HTTP/1.1 503 Service Unavailable",
        "content-type: text/plain; charset=utf-8",
        "cache-control: no-store",
        "retry-after: 1",
        `date: ${DATE}`,
        "content-length: 36",
        "connection: close",
      ],
      body: "503 No upstream server is available\n",
    });
    assert.equal(partsOf(localReply({ ...reply, isHeadOnly: true, isLast: false }), true).body, "");
  });
});
