/** User code that waits for the runtime, in a thread whose loop blocks in the ring. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { loadLibrary } from "../../../ffi/library.ts";
import { wakeRing } from "../../ring/ring.ts";
import { Timer } from "../../ring/timer_wheel.ts";
import { text } from "../conformance/bytes.ts";
import { TEST_TIMEOUT_MS } from "../conformance/harness.ts";
import { INDIFFERENT } from "../conformance/scene.ts";
import type { Connection, ConnectionHandler } from "../connection.ts";
import { runParked } from "./parked_loop.ts";
import { openUringHarness, type UringHarness } from "./test_harness.ts";

const TEST = { timeout: TEST_TIMEOUT_MS };
/** Turns of a loop that rests; a wait of one lasts up to 100 ms. */
const RESTING_TURNS = 3;

/** Two connections that throw a byte to each other without end. */
class Traffic {
  rounds = 0;
  readonly #harness: UringHarness;
  #client: Connection | null = null;

  constructor(harness: UringHarness) {
    this.#harness = harness;
  }

  async start(): Promise<void> {
    const { driver } = this.#harness;
    const echo: ConnectionHandler = { ...INDIFFERENT, onData: (connection, lease) => connection.write(lease) };
    const counted: ConnectionHandler = {
      ...echo,
      onData: (connection, lease) => {
        this.rounds++;
        connection.write(lease);
      },
    };
    const listener = await driver.listen(this.#harness.listenAddress(), { onAccept: () => echo });
    this.#client = driver.connect(listener.address, counted);
    this.#client.writeBytes(text("x"));
  }

  stop(): void {
    this.#client?.close();
  }
}

/** The arguments of each turn, which say how long it may wait: 0 as a guest of the runtime's loop. */
function recordTurns({ driver }: UringHarness): number[] {
  const waits: number[] = [];
  const turn = driver.turn.bind(driver);
  driver.turn = (maximumWaitMs) => {
    waits.push(maximumWaitMs);
    return turn(maximumWaitMs);
  };
  return waits;
}

/** Start user code from within a turn, as the handlers of connections do, and turn until it is done. */
async function whileParked(
  harness: UringHarness,
  code: () => Promise<unknown>,
  isStopped: () => boolean = () => false,
): Promise<void> {
  const { driver } = harness;
  let settled = false;
  let failure: unknown = null;
  const begin = new Timer(() => {
    driver.userCode
      .track(code())
      .catch((error: unknown) => {
        failure = error;
      })
      .finally(() => {
        settled = true;
      });
  });
  driver.startTimer(begin, 1);
  await runParked(driver, { isStopped: () => settled || isStopped(), isMessageOnItsWay: () => false });
  if (failure !== null) throw failure;
}

async function fetchText(): Promise<void> {
  const server = createServer((_, response) => response.end("hello"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    assert.equal(await response.text(), "hello");
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function readStream(): Promise<void> {
  const compressed = new Blob(["abc".repeat(1000)]).stream().pipeThrough(new CompressionStream("gzip"));
  const restored = compressed.pipeThrough(new DecompressionStream("gzip"));
  assert.equal((await new Response(restored).text()).length, 3000);
}

async function microtasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await null;
}

const CODE: readonly (readonly [string, () => Promise<unknown>])[] = [
  ["timers", () => sleep(5)],
  ["fetch", fetchText],
  ["crypto.subtle", () => crypto.subtle.digest("SHA-256", new Uint8Array(100_000))],
  ["streams", readStream],
  ["a long chain of microtasks", () => microtasks(1000)],
  [
    "one of each after the other",
    () => CODE.slice(0, 4).reduce((all, [, code]) => all.then(code), Promise.resolve<unknown>(null)),
  ],
];

describe("a parked loop and user code", () => {
  for (const [name, code] of CODE) {
    it(`lets ${name} get on, in a turn without traffic`, TEST, async () => {
      const harness = await openUringHarness();
      await whileParked(harness, code);
      await harness.close();
    });

    it(`lets ${name} get on beside traffic, which goes on`, TEST, async () => {
      const harness = await openUringHarness();
      const traffic = new Traffic(harness);
      await traffic.start();
      await whileParked(harness, async () => {
        await code();
        const before = traffic.rounds;
        while (traffic.rounds < before + 100) await sleep(1);
      });
      traffic.stop();
      await harness.close();
    });
  }

  it("does not leave its thread to the runtime for a few settled promises", TEST, async () => {
    const harness = await openUringHarness();
    const waits = recordTurns(harness);
    await whileParked(harness, () => microtasks(5));
    assert.equal(waits.includes(0), false, "no turn as a guest");
    await harness.close();
  });

  it("hands promises what the ring brings", TEST, async () => {
    const harness = await openUringHarness();
    const { driver } = harness;
    await whileParked(harness, async () => {
      for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => driver.startTimer(new Timer(resolve), 1));
    });
    await harness.close();
  });

  it("parks again when nothing is pending any more, and begins anew", TEST, async () => {
    const harness = await openUringHarness();
    const waits = recordTurns(harness);
    for (let round = 0; round < 3; round++) {
      await whileParked(harness, () => sleep(2));
      assert.ok(waits.includes(0), "turns as a guest while it waited");
      waits.length = 0;
      await runParked(harness.driver, {
        isStopped: () => waits.length >= RESTING_TURNS,
        isMessageOnItsWay: () => false,
      });
      assert.ok(
        waits.every((wait) => wait > 0),
        `turns that waited: ${waits.join(", ")}`,
      );
      waits.length = 0;
    }
    await harness.close();
  });

  it("changes to and fro in one run, and does no turn too many", TEST, async () => {
    const harness = await openUringHarness();
    const { driver } = harness;
    const waits = recordTurns(harness);
    let done = 0;
    const next = new Timer(() => {
      void driver.userCode.track(sleep(1)).then(() => {
        done++;
        driver.startTimer(next, 1);
      });
    });
    driver.startTimer(next, 1);
    await runParked(driver, { isStopped: () => done === 50, isMessageOnItsWay: () => false });
    // Each time: some turns as a guest, some waits for the timer of the ring.
    assert.ok(waits.length < 50 * 20, `${waits.length} turns`);
    driver.stopTimer(next);
    await harness.close();
  });

  it("rests while user code waits for something that takes long", TEST, async () => {
    const harness = await openUringHarness();
    const waits = recordTurns(harness);
    await whileParked(harness, () => sleep(200));
    assert.ok(waits.length < 20, `${waits.length} turns in 200 ms`);
    await harness.close();
  });

  it("ends when its driver is closed, by a handler or as a guest", TEST, async () => {
    for (const closesLater of [false, true]) {
      const harness = await openUringHarness();
      const { driver } = harness;
      const close = new Timer(() => {
        if (closesLater) void driver.userCode.track(sleep(5).then(() => driver.close()));
        else void driver.close();
      });
      driver.startTimer(close, 1);
      await runParked(driver, { isStopped: () => false, isMessageOnItsWay: () => false });
      assert.equal(driver.isClosed, true);
      await harness.close();
    }
  });

  it("is stopped by a message from another thread while user code waits for ever", TEST, async () => {
    const harness = await openUringHarness();
    const { driver } = harness;
    const library = await loadLibrary(harness.libraryPath);
    let [isSent, isArrived] = [false, false];
    driver.userCode.begin();
    // Any thread may wake the ring. The runtime's loop delivers the message somewhat later.
    setTimeout(() => {
      isSent = true;
      wakeRing(library, driver.ring.handle);
      setTimeout(() => {
        isArrived = true;
      }, 5);
    }, 20);
    await runParked(driver, { isStopped: () => isArrived, isMessageOnItsWay: () => isSent && !isArrived });
    await harness.close();
  });
});
