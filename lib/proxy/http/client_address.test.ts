/** Whom proxies in front name as the client, and how many of them are believed. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { trustedClient } from "./client_address.ts";
import { parsed } from "./routing/test_routes.ts";

function clientOf(hops: number, ...values: readonly string[]): string | null {
  const { head, memory, base } = parsed({
    fields: ["X-A: 9.9.9.9", ...values.map((value) => `X-Forwarded-For: ${value}`)],
  });
  return trustedClient(head, memory, base, hops);
}

describe("trustedClient()", () => {
  it("believes nobody without trusted hops", () => {
    assert.equal(clientOf(0, "192.0.2.1"), null);
  });

  it("is whom the farthest trusted proxy was talking to", () => {
    assert.equal(clientOf(1, "192.0.2.1, 192.0.2.2, 192.0.2.3"), "192.0.2.3");
    assert.equal(clientOf(2, "192.0.2.1, 192.0.2.2, 192.0.2.3"), "192.0.2.2");
    assert.equal(clientOf(3, "192.0.2.1, 192.0.2.2, 192.0.2.3"), "192.0.2.1");
  });

  it("is the first of all if there are fewer than hops", () => {
    assert.equal(clientOf(5, "192.0.2.1, 192.0.2.2"), "192.0.2.1");
  });

  it("counts over several fields, in their order", () => {
    assert.equal(clientOf(2, "192.0.2.1", "192.0.2.2 ,\t192.0.2.3"), "192.0.2.2");
    assert.equal(clientOf(3, "192.0.2.1", "192.0.2.2 ,192.0.2.3"), "192.0.2.1");
  });

  it("may be an IPv6 address", () => {
    assert.equal(clientOf(1, "2001:db8::1"), "2001:db8::1");
  });

  for (const value of ["", ",", "unknown", "_hidden", "192.0.2.1:80", "[2001:db8::1]", "192.0.2.256", "\xe9"]) {
    it(`is nobody by ${JSON.stringify(value)}`, () => assert.equal(clientOf(1, value), null));
  }

  it("is nobody without the field", () => assert.equal(clientOf(1), null));
});
