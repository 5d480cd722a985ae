import assert from "node:assert/strict";
import { test } from "node:test";
import { EADDRINUSE, ECONNREFUSED, ECONNRESET, EIO, ENOTCONN } from "../../../ffi/abi.ts";
import { connectionErrnoOf, errnoOf } from "./errno.ts";

test("the errno is found by the error's code, whatever the sign of its number", () => {
  assert.equal(errnoOf(Object.assign(new Error(), { code: "ECONNREFUSED", errno: -111 })), ECONNREFUSED);
  assert.equal(errnoOf(Object.assign(new Error(), { code: "EADDRINUSE", errno: 98 })), EADDRINUSE);
});

test("an error with a number alone has that errno", () => {
  assert.equal(errnoOf(Object.assign(new Error(), { errno: -ECONNRESET })), ECONNRESET);
});

test("an error of the runtime's own is EIO", () => {
  assert.equal(errnoOf(Object.assign(new Error(), { code: "ERR_SOCKET_CLOSED" })), EIO);
  assert.equal(errnoOf(new Error()), EIO);
});

test("a connection that has no peer any more was reset", () => {
  const error = Object.assign(new Error(), { code: "ENOTCONN" });
  assert.equal(connectionErrnoOf(error), ECONNRESET);
  assert.equal(errnoOf(error), ENOTCONN);
});
