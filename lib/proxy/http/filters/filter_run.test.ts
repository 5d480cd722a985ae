/**
 * Hooks, one after the other, and what is ignored of them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Head } from "../../../http/head.ts";
import { defaultHttpLimits } from "../../../http/limits.ts";
import { parseRequestHead } from "../../../http/parse_head.ts";
import type { HttpFilter } from "./filter.ts";
import { FilterChain, type FilterMatcher, HOOK_REQUEST, HOOK_RESPONSE, HOOK_ROUTE } from "./filter_chain.ts";
import {
  type ExchangeFacts,
  type FilterHost,
  FilterRun,
  RUN_DONE,
  RUN_FAILED,
  RUN_PENDING,
  RUN_REPLY,
} from "./filter_run.ts";
import { bytesOf } from "./text.ts";

const REQUEST = bytesOf("GET /x?y HTTP/1.1\r\nHost: a\r\nX-Real-IP: 6.6.6.6\r\n\r\n");

/** An exchange whose facts can be changed. */
class TestHost implements FilterHost, ExchangeFacts {
  clientText = "10.0.0.1";
  requestIdText = "id";
  upstreamName = "";
  flag = "-";
  status = 0;
  receivedBytes = 0;
  sentBytes = 0;
  nowMs = 0;
  readonly done: [hook: number, result: number][] = [];
  readonly waits: Promise<unknown>[] = [];
  readonly errors: string[] = [];

  collectRequest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array());
  }

  collectResponse(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array());
  }

  onHooksDone(hook: number, result: number): void {
    this.done.push([hook, result]);
  }

  onWait(promise: Promise<unknown>): void {
    this.waits.push(promise);
  }

  onFilterError(filter: string, error: unknown): void {
    this.errors.push(`${filter}: ${(error as Error).message}`);
  }
}

function start(filters: readonly HttpFilter[], matchers: readonly (FilterMatcher | null)[] = []) {
  const host = new TestHost();
  const entries = filters.map((filter, index) => ({ filter, matcher: matchers[index] ?? null }));
  const run = new FilterRun(new FilterChain(entries), host, host);
  const head = new Head(defaultHttpLimits);
  assert.equal(parseRequestHead(head, REQUEST, 0, REQUEST.length), REQUEST.length);
  run.begin(head, REQUEST, 0, false, new Uint8Array(0));
  return { host, run };
}

describe("a run of filters", () => {
  it("calls hooks at once if nothing is waited for", () => {
    const calls: string[] = [];
    const filter = (name: string): HttpFilter => ({
      name,
      onRequestHead: () => void calls.push(`${name} request`),
      onRoute: () => void calls.push(`${name} route`),
      onResponseHead: () => void calls.push(`${name} response`),
      onEnd: () => void calls.push(`${name} end`),
    });
    const { run, host } = start([filter("a"), filter("b")]);
    for (const hook of [HOOK_REQUEST, HOOK_ROUTE, HOOK_RESPONSE]) assert.equal(run.run(hook), RUN_DONE);
    run.end();
    const expected = "a request,b request,a route,b route,b response,a response,b end,a end";
    assert.equal(calls.join(), expected);
    assert.deepEqual(host.done, []);
  });

  it("leaves out filters that are not for the request, also at the end", () => {
    const calls: string[] = [];
    const filter = (name: string): HttpFilter => ({
      name,
      onRequestHead: () => void calls.push(name),
      onEnd: () => void calls.push(name),
    });
    const { run } = start([filter("a"), filter("b")], [{ matches: () => false }, { matches: () => true }]);
    run.run(HOOK_REQUEST);
    run.end();
    assert.deepEqual(calls, ["b", "b"]);
  });

  it("goes on after a promise, stops at a reply, and at a failure", async () => {
    const later: HttpFilter = { name: "later", onRequestHead: async () => undefined };
    const answer: HttpFilter = { name: "answer", onRequestHead: (exchange) => exchange.reply(200) };
    const failing: HttpFilter = { name: "failing", onRequestHead: () => assert.fail("no") };
    const nonsense = { name: "nonsense", onRequestHead: async () => null } as unknown as HttpFilter;
    const unreached: HttpFilter = { name: "unreached", onRequestHead: () => assert.fail("not to be called") };
    for (const [filter, result, errors] of [
      [answer, RUN_REPLY, 0],
      [failing, RUN_FAILED, 1],
      [nonsense, RUN_FAILED, 1],
    ] as const) {
      const { run, host } = start([later, filter, unreached]);
      assert.equal(run.run(HOOK_REQUEST), RUN_PENDING);
      await Promise.all(host.waits);
      await Promise.all(host.waits);
      assert.deepEqual(host.done, [[HOOK_REQUEST, result]]);
      assert.equal(host.errors.length, errors);
    }
  });

  it("forgets a hook that is overtaken by another one, by the end, or by a failure", async () => {
    for (const overtake of [
      (run: FilterRun) => void run.run(HOOK_ROUTE),
      (run: FilterRun) => run.stop(),
      (run: FilterRun) => run.end(),
    ]) {
      for (const isFailing of [false, true]) {
        let settle = (): void => {};
        const slow: HttpFilter = {
          name: "slow",
          onRequestHead: () =>
            new Promise((resolve, reject) => {
              settle = isFailing ? () => reject(new Error("late")) : () => resolve(undefined);
            }),
        };
        const { run, host } = start([slow, { name: "next", onRequestHead: () => assert.fail("not to be called") }]);
        assert.equal(run.run(HOOK_REQUEST), RUN_PENDING);
        assert.equal(run.awaited, "slow");
        overtake(run);
        settle();
        await Promise.all(host.waits);
        assert.deepEqual([host.done, host.errors], [[], []]);
      }
    }
  });

  it("says after the end what it said then, and has no body to change", async () => {
    const { run, host } = start([{ name: "x", onRequestHead: () => undefined }]);
    Object.assign(host, { status: 200, sentBytes: 5, nowMs: 7 });
    run.end();
    Object.assign(host, { status: 404, sentBytes: 6, nowMs: 9, clientText: "10.0.0.2" });
    assert.deepEqual([run.status, run.sentBytes, run.durationMs, run.client], [200, 5, 7, "10.0.0.1"]);
    assert.throws(() => run.request.replaceBody("x"), TypeError);
    await assert.rejects(run.request.readBody(1), TypeError);
  });

  it("reports what onEnd throws or rejects with, and calls the others", async () => {
    const calls: string[] = [];
    const rejecting = { name: "a", onEnd: () => Promise.reject(new Error("one")) } as unknown as HttpFilter;
    const throwing: HttpFilter = { name: "b", onEnd: () => assert.fail("two") };
    const { run, host } = start([rejecting, { name: "c", onEnd: () => void calls.push("c") }, throwing]);
    run.end();
    await Promise.all(host.waits);
    assert.deepEqual([host.errors, calls], [["b: two", "a: one"], ["c"]]);
  });

  it("lets go of bodies that are not sent", async () => {
    const notes: string[] = [];
    const stream = new ReadableStream<Uint8Array>({ cancel: () => void notes.push("cancelled") });
    const { run } = start([
      {
        name: "x",
        onRequestHead({ request }) {
          request.transformBody({ onPiece: (piece) => piece, onAbort: () => void notes.push("aborted") });
          request.replaceBody(stream);
        },
      },
    ]);
    run.run(HOOK_REQUEST);
    run.end();
    run.end();
    assert.deepEqual(notes.sort(), ["aborted", "cancelled"]);
  });

  it("keeps from filters what an untrusted client claims", () => {
    const { run } = start([{ name: "x", onRequestHead: () => undefined }]);
    assert.equal(run.request.fields.get("x-real-ip"), null);
    assert.equal(run.request.fields.get("host"), "a");
    assert.equal(run.request.isChanged, false);
    assert.deepEqual([run.request.path, run.request.query, run.request.target], ["/x", "y", "/x?y"]);
  });
});
