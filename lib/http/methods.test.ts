import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isIdempotent, METHOD_GET, METHOD_OTHER, METHOD_PATCH, methodName, methodOf } from "./methods.ts";
import { latin1 } from "./test_messages.ts";

function find(name: string): number {
  return methodOf(latin1(`x${name}x`), 1, 1 + name.length);
}

describe("methodOf()", () => {
  it("finds every name, in capitals only", () => {
    for (let method = METHOD_GET; method <= METHOD_PATCH; method++) {
      assert.equal(find(methodName(method)), method);
      assert.equal(find(methodName(method).toLowerCase()), METHOD_OTHER);
    }
    for (const name of ["", "G", "GETS", "GE", "PROPFIND"]) assert.equal(find(name), METHOD_OTHER, name);
    assert.equal(methodName(METHOD_OTHER), "");
  });
});

describe("isIdempotent()", () => {
  it("says what RFC 9110 section 9.2.2 says", () => {
    const names: string[] = [];
    for (let method = METHOD_OTHER; method <= METHOD_PATCH; method++) {
      if (isIdempotent(method)) names.push(methodName(method));
    }
    assert.deepEqual(names, ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"]);
  });
});
