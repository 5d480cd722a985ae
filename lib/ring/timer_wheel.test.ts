import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TICK_MS, Timer, TimerWheel } from "./timer_wheel.ts";

/** What the wheel should do, done in the simplest way. */
class NaiveTimers {
  readonly started: Map<number, number> = new Map();

  due(nowMs: number): number[] {
    return [...this.started].filter(([, expiryMs]) => expiryMs <= nowMs).map(([id]) => id);
  }
}

type Action =
  | { readonly kind: "start"; readonly id: number; readonly delayMs: number }
  | { readonly kind: "stop"; readonly id: number }
  | { readonly kind: "advance"; readonly byMs: number };

const TIMERS = 12;
const delayMs = fc.oneof(
  { weight: 4, arbitrary: fc.nat(300) },
  { weight: 2, arbitrary: fc.nat(100_000) },
  { weight: 1, arbitrary: fc.nat(2 ** 31 - 1) },
  // At and around the boundaries of the wheel's levels.
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(64, 4096, 262_144), fc.integer({ min: -9, max: 9 }))
      .map(([ticks, off]) => ticks * TICK_MS + off),
  },
);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("start" as const), id: fc.nat(TIMERS - 1), delayMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("stop" as const), id: fc.nat(TIMERS - 1) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("advance" as const), byMs: delayMs }) },
);

test("expires the timers that a naive model expires, none early and none more than a tick late", () => {
  fc.assert(
    fc.property(fc.nat(10_000_000), fc.array(action, { maxLength: 60 }), (startMs, actions) => {
      let nowMs = startMs + 0.25;
      const wheel = new TimerWheel(nowMs);
      const naive = new NaiveTimers();
      const expired: number[] = [];
      const timers = Array.from({ length: TIMERS }, (_, id) => new Timer(() => expired.push(id)));
      for (const step of actions) {
        if (step.kind === "start") {
          wheel.start(timers[step.id] as Timer, nowMs, step.delayMs);
          naive.started.set(step.id, nowMs + step.delayMs);
        } else if (step.kind === "stop") {
          wheel.stop(timers[step.id] as Timer);
          naive.started.delete(step.id);
        } else {
          nowMs += step.byMs;
          expired.length = 0;
          wheel.advance(nowMs);
          for (const id of expired) {
            assert.ok((naive.started.get(id) as number) <= nowMs, "not early");
            naive.started.delete(id);
          }
          assert.deepEqual(naive.due(nowMs - TICK_MS), [], "not late");
        }
        assert.equal(wheel.size, naive.started.size);
        for (const [id, timer] of timers.entries()) assert.equal(timer.isStarted, naive.started.has(id));
      }
    }),
    { numRuns: 500 },
  );
});

test("says how long there is nothing to do, so that whoever waits that long misses nothing", () => {
  fc.assert(
    fc.property(fc.array(delayMs, { minLength: 1, maxLength: 30 }), (delays) => {
      let nowMs = 1000.5;
      const wheel = new TimerWheel(nowMs);
      let expired = 0;
      for (const delay of delays) wheel.start(new Timer(() => expired++), nowMs, delay);
      for (let waits = 0; wheel.size > 0; waits++) {
        assert.ok(waits < 20 * delays.length, "few waits");
        const waitMs = wheel.untilNextMs(nowMs);
        assert.ok(waitMs >= 0);
        if (waitMs > 1) {
          const before = expired;
          wheel.advance(nowMs + waitMs - 1);
          assert.equal(expired, before, "nothing before");
        }
        nowMs += waitMs;
        wheel.advance(nowMs);
      }
      assert.equal(expired, delays.length);
      assert.equal(wheel.untilNextMs(nowMs), -1);
    }),
  );
});

test("expires timers of different ticks in the order of their times", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000_000), { minLength: 2, maxLength: 40 }), (delays) => {
      const wheel = new TimerWheel(0);
      const expired: number[] = [];
      for (const delay of delays) wheel.start(new Timer(() => expired.push(delay)), 0, delay);
      wheel.advance(2_000_000);
      const ticks = expired.map((delay) => Math.max(1, Math.ceil(delay / TICK_MS)));
      assert.deepEqual(
        ticks,
        [...ticks].sort((a, b) => a - b),
      );
      assert.equal(expired.length, delays.length);
    }),
  );
});

test("lets a timer start itself again, which does not expire in the same call twice", () => {
  const wheel = new TimerWheel(0);
  let calls = 0;
  const timer: Timer = new Timer(() => {
    calls++;
    wheel.start(timer, nowMs, 0);
  });
  let nowMs = 0;
  wheel.start(timer, nowMs, 0);
  for (let tick = 1; tick <= 5; tick++) {
    nowMs = tick * TICK_MS;
    wheel.advance(nowMs);
    assert.equal(calls, tick);
  }
});

test("does not call a timer that another one of the same tick stops or moves", () => {
  const wheel = new TimerWheel(0);
  const calls: string[] = [];
  const timers: Timer[] = [];
  for (const name of ["a", "b", "c"]) {
    timers.push(
      new Timer(() => {
        calls.push(name);
        for (const other of timers) if (other.isStarted) wheel.stop(other);
      }),
    );
  }
  for (const timer of timers) wheel.start(timer, 0, 2);
  wheel.advance(TICK_MS);
  assert.equal(calls.length, 1);
  assert.equal(wheel.size, 0);

  // Each moves the other, so that only the one that happens to come first is called now.
  calls.length = 0;
  const movers: Timer[] = ["a", "b"].map(
    (name, index) =>
      new Timer(() => {
        calls.push(name);
        const other = movers[1 - index] as Timer;
        if (other.isStarted) wheel.start(other, TICK_MS * 2, 100);
      }),
  );
  for (const mover of movers) wheel.start(mover, TICK_MS, 2);
  wheel.advance(TICK_MS * 2);
  assert.equal(calls.length, 1);
  wheel.advance(TICK_MS * 2 + 99);
  assert.equal(calls.length, 1);
  wheel.advance(TICK_MS * 3 + 100);
  assert.deepEqual([...calls].sort(), ["a", "b"]);
  assert.equal(wheel.size, 0);
});

test("goes on after a timer that throws, with those of the same tick and later ones", () => {
  const wheel = new TimerWheel(0);
  const calls: number[] = [];
  for (let i = 0; i < 5; i++) {
    const timer = new Timer(() => {
      calls.push(i);
      if (i === 2) throw new Error("thrown by a timer");
    });
    wheel.start(timer, 0, i < 4 ? 2 : 50);
  }
  assert.throws(() => wheel.advance(100), /thrown by a timer/);
  wheel.advance(100);
  assert.deepEqual([...calls].sort(), [0, 1, 2, 3, 4]);
  assert.equal(calls.at(-1), 4);
  assert.equal(wheel.size, 0);
});

test("keeps the longest delays within its range", () => {
  const wheel = new TimerWheel(12_345);
  let expired = false;
  wheel.start(
    new Timer(() => {
      expired = true;
    }),
    12_345,
    2 ** 32,
  );
  wheel.advance(12_345 + 2 ** 32 - 2 * TICK_MS);
  assert.equal(expired, false);
  wheel.advance(12_345 + 2 ** 32 + TICK_MS);
  assert.equal(expired, true);
});

test("an empty wheel catches up with the clock when a timer is started", () => {
  const wheel = new TimerWheel(0);
  let expired = false;
  wheel.start(
    new Timer(() => {
      expired = true;
    }),
    1_000_000,
    10,
  );
  assert.equal(wheel.untilNextMs(1_000_000) <= 10 + TICK_MS, true);
  wheel.advance(1_000_009);
  assert.equal(expired, false);
  wheel.advance(1_000_010 + TICK_MS);
  assert.equal(expired, true);
});
