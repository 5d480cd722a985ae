import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { loadLibrary } from "../../ffi/library.ts";
import { ipAddress } from "../net/address.ts";
import type { Listener } from "../net/connection.ts";
import { DefaultDriver } from "../net/default/driver.ts";
import type { Driver } from "../net/driver.ts";
import { connectionOptions, ringOptions } from "../net/io_uring_options.ts";
import { UringDriver } from "../net/uring/driver.ts";
import { runParked } from "../net/uring/parked_loop.ts";
import { ConnectionLimit } from "../proxy/connection_limit.ts";
import { OverloadGuard, type OverloadOptions } from "../proxy/overload.ts";
import { Statistics } from "../proxy/statistics.ts";
import { Timer } from "../ring/timer_wheel.ts";
import { defaultProxyConfig } from "./config.ts";
import { OverloadMonitor } from "./overload_monitor.ts";
import { OverloadResponse } from "./overload_response.ts";

const NONE: OverloadOptions = { pauseDelayMs: 0, refuseDelayMs: 0, pauseMemoryBytes: 0, refuseMemoryBytes: 0 };

/** A driver's clock and its one timer. */
class FakeClock {
  nowMs = 0;
  timer: Timer | null = null;
  #dueMs = 0;

  startTimer(timer: Timer, delayMs: number): void {
    this.timer = timer;
    this.#dueMs = this.nowMs + delayMs;
  }

  /** The timer expires, so many milliseconds late. */
  expire(lateMs: number): void {
    this.nowMs = this.#dueMs + lateMs;
    this.timer?.onExpire();
  }

  get driver(): Driver {
    return this as unknown as Driver;
  }
}

/** A guard that takes down what it is told. */
function recordingGuard(options: Partial<OverloadOptions>): { guard: OverloadGuard; told: number[][] } {
  const told: number[][] = [];
  const handler = { onAcceptingChanged() {}, onRefusingChanged() {} };
  class Recording extends OverloadGuard {
    override update(delayMs: number, memoryBytes: number): void {
      told.push([delayMs, memoryBytes]);
    }
  }
  return { guard: new Recording({ ...NONE, ...options }, handler), told };
}

describe("OverloadMonitor", () => {
  it("tells how late its timer is, without the share of the wheel, and does not add up lateness", () => {
    const clock = new FakeClock();
    const { guard, told } = recordingGuard({ pauseDelayMs: 1 });
    new OverloadMonitor(clock.driver, guard, () => 7);
    for (const lateMs of [0, 4, 104, 0]) clock.expire(lateMs);
    assert.deepEqual(told, [
      [0, 0],
      [0, 0],
      [100, 0],
      [0, 0],
    ]);
  });

  it("reads the memory every second time, if there is a limit of it", () => {
    const clock = new FakeClock();
    const { guard, told } = recordingGuard({ refuseMemoryBytes: 1 });
    let reads = 0;
    new OverloadMonitor(clock.driver, guard, () => ++reads);
    for (let i = 0; i < 4; i++) clock.expire(0);
    assert.deepEqual(told, [
      [0, 1],
      [0, 1],
      [0, 2],
      [0, 2],
    ]);
  });

  it("starts no timer if there is no limit", () => {
    const clock = new FakeClock();
    new OverloadMonitor(clock.driver, recordingGuard({}).guard);
    assert.equal(clock.timer, null);
  });

  it("reads the memory of the process", () => {
    const clock = new FakeClock();
    const { guard, told } = recordingGuard({ pauseMemoryBytes: 1 });
    new OverloadMonitor(clock.driver, guard);
    clock.expire(0);
    assert.ok((told[0]?.[1] ?? 0) > 1e6);
  });
});

interface RunningDriver {
  readonly driver: Driver;
  /** Let it run until this is so. */
  until(condition: () => boolean): Promise<void>;
}

const REPORTER = { onHandlerError() {}, onNotice() {} };

async function openUring(): Promise<RunningDriver> {
  const connection = connectionOptions(defaultProxyConfig.ioUring);
  const ring = ringOptions(defaultProxyConfig.ioUring, 0);
  const library = await loadLibrary();
  const driver = new UringDriver({ library, ring, connection, acceptSize: 5, reporter: REPORTER });
  return { driver, until: (isStopped) => runParked(driver, { isStopped, isMessageOnItsWay: () => false }) };
}

function openDefault(): Promise<RunningDriver> {
  const driver = new DefaultDriver({ connection: connectionOptions(defaultProxyConfig.ioUring), reporter: REPORTER });
  const until = async (condition: () => boolean) => {
    while (!condition()) await setImmediate();
  };
  return Promise.resolve({ driver, until });
}

/** Long enough to be late by more than the limit most of the time. */
const BUSY_MS = 60;
const LIMIT_MS = 10;

for (const [name, open] of [
  ["uring", openUring],
  ["default", openDefault],
] as const) {
  it(`a worker whose code computes all the time accepts no connection until it is done, ${name}`, async () => {
    const { driver, until } = await open();
    const messages: string[] = [];
    const statistics = new Statistics();
    const limit = new ConnectionLimit(100);
    const listeners: string[] = [];
    limit.add({
      address: ipAddress("127.0.0.1", 1),
      pause: () => void listeners.push("pause"),
      resume: () => void listeners.push("resume"),
      acceptSingly() {},
      close: () => Promise.resolve(),
    } satisfies Listener);
    const response = new OverloadResponse(limit, statistics, (level, message) => messages.push(`${level}: ${message}`));
    const guard = new OverloadGuard({ ...NONE, pauseDelayMs: LIMIT_MS, refuseDelayMs: LIMIT_MS }, response);
    new OverloadMonitor(driver, guard);
    const compute = new Timer(() => {
      // Not always as long, or the timer that is measured could always be due between two.
      const endMs = performance.now() + BUSY_MS * (1 + Math.random());
      while (performance.now() < endMs);
      driver.startTimer(compute, 0);
    });
    driver.startTimer(compute, 0);
    await until(() => guard.shouldRefuse());
    assert.deepEqual(listeners, ["pause"]);
    assert.equal(statistics.read().overload_active, 1);
    driver.stopTimer(compute);
    await until(() => !guard.shouldRefuse());
    assert.deepEqual(listeners, ["pause", "resume"]);
    const { overload_active, overload_pauses_total } = statistics.read();
    assert.deepEqual([overload_active, overload_pauses_total], [0, 1]);
    assert.deepEqual(
      messages.map((message) => message.split(":")[0]),
      ["warning", "warning", "info", "info"],
    );
    await driver.close();
  });
}
