/**
 * Timers and the driver's time.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Timer } from "../../ring/timer_wheel.ts";
import { Random } from "./bytes.ts";
import type { Define } from "./suite.ts";

export function timerCases(define: Define): void {
  define("calls timers in the order of their times, none early", async (scene) => {
    const { driver } = scene;
    const expired: number[] = [];
    const early: number[] = [];
    for (const delayMs of [60, 0, 40, 20]) {
      const startedMs = driver.nowMs;
      const timer = new Timer(() => {
        expired.push(delayMs);
        if (driver.nowMs - startedMs < delayMs) early.push(delayMs);
      });
      assert.equal(timer.isStarted, false);
      scene.call(() => driver.startTimer(timer, delayMs));
      assert.equal(timer.isStarted, true);
    }
    await scene.until(() => expired.length === 4, "four timers");
    assert.deepEqual(expired, [0, 20, 40, 60]);
    assert.deepEqual(early, []);
  });

  define("does not call a timer from within startTimer", async (scene) => {
    let expired = false;
    const timer = new Timer(() => {
      expired = true;
    });
    scene.driver.startTimer(timer, 0);
    assert.equal(expired, false);
    await scene.until(() => expired, "the timer");
    assert.equal(timer.isStarted, false);
  });

  define("does not call a timer that was stopped", async (scene) => {
    let expired = 0;
    const stopped = new Timer(() => expired++);
    scene.driver.startTimer(stopped, 10);
    scene.driver.stopTimer(stopped);
    scene.driver.stopTimer(stopped);
    assert.equal(stopped.isStarted, false);
    const later = new Timer(() => expired++);
    scene.driver.startTimer(later, 40);
    await scene.until(() => expired > 0, "the other timer");
    await scene.quiet();
    assert.equal(expired, 1);
  });

  define("moves a timer that is started again", async (scene) => {
    const { driver } = scene;
    const calls: number[] = [];
    const startedMs = driver.nowMs;
    const timer = new Timer(() => calls.push(driver.nowMs - startedMs));
    driver.startTimer(timer, 5);
    driver.startTimer(timer, 60);
    await scene.until(() => calls.length > 0, "the timer");
    assert.ok((calls[0] as number) >= 60, `after ${calls[0]} ms`);
    driver.startTimer(timer, 10_000);
    driver.startTimer(timer, 0);
    await scene.until(() => calls.length > 1, "the timer that was moved forward");
    await scene.quiet();
    assert.equal(calls.length, 2);
  });

  define("lets a timer start itself again, and stop others", async (scene) => {
    let ticks = 0;
    let wrong = 0;
    const victim = new Timer(() => wrong++);
    const ticker: Timer = new Timer(() => {
      ticks++;
      scene.driver.stopTimer(victim);
      if (ticks < 5) scene.driver.startTimer(ticker, 1);
    });
    scene.driver.startTimer(ticker, 1);
    scene.driver.startTimer(victim, 20);
    await scene.until(() => ticks === 5, "five ticks");
    await scene.quiet();
    assert.equal(ticks, 5);
    assert.equal(wrong, 0);
  });

  define("keeps hundreds of timers apart", async (scene) => {
    const { driver } = scene;
    const random = new Random(9);
    const wrong: string[] = [];
    let expected = 0;
    let expired = 0;
    for (let i = 0; i < 500; i++) {
      const startedMs = driver.nowMs;
      const delayMs = random.below(150);
      const stops = random.chance(0.3);
      const timer = new Timer(() => {
        expired++;
        if (stops) wrong.push(`timer ${i} was stopped`);
        if (driver.nowMs < startedMs + delayMs) wrong.push(`timer ${i} is early`);
      });
      driver.startTimer(timer, delayMs);
      if (stops) driver.stopTimer(timer);
      else expected++;
    }
    await scene.until(() => expired >= expected, "all timers");
    await scene.quiet();
    assert.equal(expired, expected);
    assert.deepEqual(wrong, []);
  });

  define("goes on after a timer that throws, and reports what it threw", async (scene) => {
    scene.expectHandlerErrors();
    const failure = new Error("thrown by a timer");
    let expired = 0;
    for (let i = 0; i < 3; i++) {
      const timer = new Timer(() => {
        expired++;
        if (i === 1) throw failure;
      });
      scene.driver.startTimer(timer, 5);
    }
    await scene.until(() => expired === 3, "all three timers");
    await scene.pair();
    assert.deepEqual(scene.harness.handlerErrors, [failure]);
  });

  define("has a time that never goes back", async (scene) => {
    const { driver } = scene;
    let last = driver.nowMs;
    let ticks = 0;
    const ticker: Timer = new Timer(() => {
      assert.ok(driver.nowMs >= last);
      last = driver.nowMs;
      if (++ticks < 10) driver.startTimer(ticker, 2);
    });
    const startedMs = last;
    driver.startTimer(ticker, 2);
    await scene.until(() => {
      assert.ok(driver.nowMs >= last);
      last = driver.nowMs;
      return ticks === 10;
    }, "ten ticks");
    assert.ok(last - startedMs >= 20);
    assert.deepEqual(scene.harness.handlerErrors, []);
  });
}
