/** Whether and when a request is sent again, and that the body that is sent again is the one that was sent. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { METHOD_GET, METHOD_POST } from "../../http/methods.ts";
import { latin1, textOf } from "../../http/test_messages.ts";
import { MemoryDriver } from "../../net/memory/driver.ts";
import { MemoryNetwork } from "../../net/memory/network.ts";
import { LeaseQueue, leaseBytes } from "../../ring/lease.ts";
import { createCluster } from "../test_endpoints.ts";
import { HttpCluster } from "./http_cluster.ts";
import { defaultHttpClusterOptions } from "./options.ts";
import { type RetryCause, RetryState } from "./retry.ts";
import type { RetryCondition, RetryOptions } from "./retry_options.ts";

const OPTIONS: RetryOptions = {
  on: [],
  statuses: [],
  attempts: 2,
  isForAllMethods: false,
  perTryTimeoutMs: 0,
  backOffMs: 100,
  maximumBackOffMs: 1000,
  bodyBytes: 100,
};

function begun(options: Partial<RetryOptions> | null, method: number = METHOD_GET, hasBody = true): RetryState {
  const state = new RetryState();
  state.begin(options === null ? null : { ...OPTIONS, ...options }, method, hasBody);
  return state;
}

function cluster(maximumRetries = 0): HttpCluster {
  const driver = new MemoryDriver(new MemoryNetwork({ seed: 1 }));
  return new HttpCluster(driver, createCluster({}, []), { ...defaultHttpClusterOptions, maximumRetries });
}

function text(queue: LeaseQueue | null): string {
  let all = "";
  for (let lease = queue?.shift(); lease; lease = queue?.shift()) all += textOf(lease.bytes());
  return all;
}

function queueOf(...pieces: readonly string[]): LeaseQueue {
  const queue = new LeaseQueue();
  for (const piece of pieces) queue.push(leaseBytes(latin1(piece)));
  return queue;
}

describe("isWanted()", () => {
  const cases: readonly (readonly [on: readonly RetryCondition[], cause: RetryCause, statuses: string])[] = [
    [["connect-failure"], "connect-failure", "any"],
    [["5xx"], "connect-failure", "any"],
    [["reset", "timeout", "gateway-error", "conflict"], "connect-failure", ""],
    [["reset"], "reset", "any"],
    [["5xx"], "reset", "any"],
    [["connect-failure", "timeout", "gateway-error"], "reset", ""],
    [["timeout"], "timeout", "any"],
    [["5xx"], "timeout", "any"],
    [["reset"], "timeout", ""],
    [["5xx"], "invalid", "any"],
    [["reset", "timeout", "gateway-error", "connect-failure", "conflict"], "invalid", ""],
    [["gateway-error"], "status", "502 503 504"],
    [["5xx"], "status", "500 501 502 503 504 505 599"],
    [["conflict"], "status", "409"],
    [["reset", "timeout", "connect-failure"], "status", ""],
    [[], "status", ""],
  ];
  for (const [on, cause, expected] of cases) {
    it(`${cause} with ${on.join(", ") || "nothing"}: ${expected || "no"}`, () => {
      const statuses = [200, 404, 409, 499, 500, 501, 502, 503, 504, 505, 599];
      const wanted = statuses.filter((status) => begun({ on }).isWanted(cause, status));
      assert.equal(wanted.join(" "), expected === "any" ? statuses.join(" ") : expected);
    });
  }

  it("goes by further statuses too", () => {
    const state = begun({ on: ["reset"], statuses: [418] });
    assert.deepEqual([state.isWanted("status", 418), state.isWanted("status", 503)], [true, false]);
  });

  it("is no for a method that may take effect twice, but if nothing was sent, or all methods are named", () => {
    const all: readonly RetryCondition[] = ["5xx", "conflict"];
    const post = begun({ on: all }, METHOD_POST);
    assert.equal(post.isWanted("connect-failure", 0), true);
    for (const cause of ["reset", "timeout", "status", "invalid"] as const) {
      assert.equal(post.isWanted(cause, 503), false);
      assert.equal(begun({ on: all, isForAllMethods: true }, METHOD_POST).isWanted(cause, 503), true);
    }
  });

  it("is no without options, after the last attempt, and when it is over", () => {
    assert.equal(begun(null).isWanted("connect-failure", 0), false);
    const state = begun({ on: ["5xx"], attempts: 2 });
    const from = cluster();
    assert.equal(state.beginAgain(from), true);
    assert.equal(state.isWanted("reset", 0), true);
    assert.equal(state.beginAgain(from), true);
    assert.equal(state.isWanted("reset", 0), false);
    const over = begun({ on: ["5xx"] });
    over.end();
    assert.equal(over.isWanted("reset", 0), false);
  });
});

describe("the body that is kept", () => {
  it("is what was sent, with what was not behind it, time and again", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary-ascii", maxLength: 9 })), fc.nat(20), (pieces, count) => {
        const state = begun({ on: ["5xx"], bodyBytes: 1000, attempts: 3 });
        const [sent, unsent] = [pieces.slice(0, count), pieces.slice(count)];
        let queue: LeaseQueue | null = queueOf(...sent);
        for (let round = 0; round < 3; round++) {
          for (let lease = queue?.shift(); lease; lease = queue?.shift()) state.keep(lease);
          queue = state.takeSent(round === 0 ? queueOf(...unsent) : null);
          if (round < 2) assert.equal(state.beginAgain(cluster()), true);
        }
        assert.equal(text(queue), pieces.join(""));
      }),
    );
  });

  it("is a copy", () => {
    const state = begun({ on: ["5xx"] });
    const bytes = latin1("before");
    state.keep(leaseBytes(bytes));
    bytes.fill(0);
    assert.equal(text(state.takeSent(null)), "before");
  });

  it("is none if it is too long, and then the request is not sent again", () => {
    const state = begun({ on: ["5xx"], bodyBytes: 5 });
    state.keep(leaseBytes(latin1("12345")));
    assert.equal(state.isPossible, true);
    state.keep(leaseBytes(latin1("6")));
    assert.deepEqual([state.isPossible, state.isWhole, state.isWanted("reset", 0)], [false, false, false]);
    assert.equal(text(state.takeSent(null)), "");
    state.begin({ ...OPTIONS, on: ["5xx"] }, METHOD_GET, true);
    assert.deepEqual([state.isPossible, state.isWhole], [true, true]);
  });

  it("is none if the request has none, or will not be sent again", () => {
    for (const state of [begun({ on: ["5xx"] }, METHOD_GET, false), begun({}, METHOD_POST), begun(null)]) {
      state.keep(leaseBytes(latin1("bytes")));
      assert.equal(state.takeSent(null), null);
    }
  });
});

describe("times", () => {
  it("of a try begin with it", () => {
    const state = begun({ perTryTimeoutMs: 50 });
    assert.equal(state.deadlineMs, Number.POSITIVE_INFINITY);
    state.beginTry(1000);
    assert.equal(state.deadlineMs, 1050);
    state.beginAgain(cluster());
    assert.equal(state.deadlineMs, Number.POSITIVE_INFINITY, "while it waits");
    state.beginTry(2000);
    assert.equal(state.deadlineMs, 2050);
    state.end();
    assert.equal(state.deadlineMs, Number.POSITIVE_INFINITY);
    const other = begun({});
    other.beginTry(1000);
    assert.equal(other.deadlineMs, Number.POSITIVE_INFINITY);
  });

  it("between tries double up to the longest, and are a random part of that", () => {
    const state = begun({ backOffMs: 100, maximumBackOffMs: 500, attempts: 100 });
    const found: number[] = [];
    for (let count = 0; count < 5; count++) {
      state.beginAgain(cluster());
      found.push(state.backOffMs(1));
      assert.equal(state.backOffMs(0), 0);
      assert.equal(state.backOffMs(0.5), (found.at(-1) ?? 0) / 2);
    }
    assert.deepEqual(found, [100, 200, 400, 500, 500]);
    for (let count = 0; count < 90; count++) state.beginAgain(cluster());
    assert.equal(state.backOffMs(1), 500);
    assert.equal(begun({ backOffMs: 0 }).backOffMs(1), 0);
  });
});

describe("a cluster's room for retries", () => {
  it("is taken once for each request, and given back at the end", () => {
    const from = cluster(1);
    const [one, other] = [begun({ on: ["5xx"] }), begun({ on: ["5xx"] })];
    assert.equal(one.beginAgain(from), true);
    assert.equal(one.beginAgain(from), true, "it has left the one before");
    assert.equal(other.beginAgain(from), false);
    assert.equal(other.count, 0);
    one.end();
    one.end();
    assert.equal(other.beginAgain(from), true);
    assert.equal(begun({ on: ["5xx"] }).beginAgain(from), false);
  });
});
