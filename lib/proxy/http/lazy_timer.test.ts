/** A timer that is put off: it expires once, when it should, however it was moved before. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { MemoryDriver } from "../../net/memory/driver.ts";
import { MemoryNetwork } from "../../net/memory/network.ts";
import { TICK_MS } from "../../ring/timer_wheel.ts";
import { LazyTimer } from "./lazy_timer.ts";

/** A timer, and when it expired, in milliseconds from the start. */
function create(): { network: MemoryNetwork; timer: LazyTimer; expired: number[] } {
  const network = new MemoryNetwork({ seed: 1 });
  const startMs = network.nowMs;
  const expired: number[] = [];
  const timer = new LazyTimer(new MemoryDriver(network), () => expired.push(network.nowMs - startMs));
  return { network, timer, expired };
}

describe("a lazy timer", () => {
  it("expires once, not before its time", () => {
    const { network, timer, expired } = create();
    timer.start(100);
    assert.equal(timer.dueMs, network.nowMs + 100);
    network.runFor(1000);
    assert.equal(expired.length, 1);
    assert.ok((expired[0] ?? 0) >= 100 && (expired[0] ?? 0) <= 100 + TICK_MS);
    assert.equal(timer.dueMs, Number.POSITIVE_INFINITY);
  });

  it("can be started again from its own expiry", () => {
    const network = new MemoryNetwork({ seed: 1 });
    let count = 0;
    const timer: LazyTimer = new LazyTimer(new MemoryDriver(network), () => {
      if (++count < 3) timer.start(50);
    });
    timer.start(50);
    network.runFor(1000);
    assert.equal(count, 3);
  });

  it("does nothing after it was closed", () => {
    const { network, timer, expired } = create();
    timer.start(100);
    timer.close();
    network.runFor(1000);
    assert.deepEqual(expired, []);
  });

  it("expires by the last word about it, whatever was said before", () => {
    const action = fc.oneof(
      fc.record({ type: fc.constant("start" as const), ms: fc.nat(300) }),
      fc.record({ type: fc.constant("stop" as const), ms: fc.constant(0) }),
      fc.record({ type: fc.constant("wait" as const), ms: fc.nat(200) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 20 }), (actions) => {
        const { network, timer, expired } = create();
        let dueMs = Number.POSITIVE_INFINITY;
        let count = 0;
        for (const { type, ms } of actions) {
          if (type === "start") {
            dueMs = network.nowMs + ms;
            timer.start(ms);
          } else if (type === "stop") {
            dueMs = Number.POSITIVE_INFINITY;
            timer.stop();
          } else {
            network.runFor(ms);
            // Until the end of the wheel's tick it may have expired or not.
            if (network.nowMs >= dueMs) {
              network.runFor(2 * TICK_MS);
              count++;
              dueMs = Number.POSITIVE_INFINITY;
            }
          }
          assert.equal(expired.length, count, `after ${type} ${ms}`);
          assert.equal(timer.dueMs, dueMs);
        }
        if (dueMs < Number.POSITIVE_INFINITY) count++;
        network.runFor(1000);
        assert.equal(expired.length, count);
      }),
    );
  });
});
