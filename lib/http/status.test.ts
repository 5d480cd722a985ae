import assert from "node:assert/strict";
import { STATUS_CODES } from "node:http";
import { describe, it } from "node:test";
import { hasNoBody, statusText } from "./status.ts";

/** What RFC 9110 and its successors in the registry call otherwise than node:http does. */
const RENAMED: readonly number[] = [203, 302, 413, 414, 416, 418, 422, 505, 509, 510];

describe("statusText()", () => {
  it("is what everybody says", () => {
    for (const [code, text] of Object.entries(STATUS_CODES)) {
      if (!RENAMED.includes(Number(code))) assert.equal(statusText(Number(code)), text, code);
    }
    assert.equal(statusText(413), "Content Too Large");
    assert.equal(statusText(422), "Unprocessable Content");
  });

  it("is empty for what is not registered", () => {
    for (const status of [299, 418, 599]) assert.equal(statusText(status), "", String(status));
  });
});

describe("hasNoBody()", () => {
  it("says what RFC 9110 section 6.4.1 says", () => {
    for (const status of [100, 101, 204, 304]) assert.equal(hasNoBody(status), true, String(status));
    for (const status of [200, 205, 206, 301, 404, 500]) assert.equal(hasNoBody(status), false, String(status));
  });
});
