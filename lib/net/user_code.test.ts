import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RingwayError } from "../../ffi/errors.ts";
import { UserCode } from "./user_code.ts";

describe("UserCode", () => {
  it("is pending until all that began has ended, and tells once when that is so", () => {
    const userCode = new UserCode();
    let told = 0;
    userCode.onNonePending = () => told++;
    assert.equal(userCode.isPending, false);
    userCode.begin();
    userCode.begin();
    userCode.end();
    assert.deepEqual([userCode.isPending, told], [true, 0]);
    userCode.end();
    assert.deepEqual([userCode.isPending, told], [false, 1]);
  });

  it("refuses an end without a beginning", () => {
    assert.throws(
      () => new UserCode().end(),
      (error) => error instanceof RingwayError && error.code === "ERR_USER_CODE",
    );
  });

  it("tracks a promise until it is fulfilled or rejected, and leaves its result alone", async () => {
    const userCode = new UserCode();
    const failure = new Error("on purpose");
    const { promise, reject } = Promise.withResolvers<void>();
    const rejected = userCode.track(promise);
    assert.equal(await userCode.track(Promise.resolve(7)), 7);
    assert.equal(userCode.isPending, true);
    reject(failure);
    await assert.rejects(rejected, failure);
    assert.equal(userCode.isPending, false);
  });
});
