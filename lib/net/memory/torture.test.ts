/**
 * Random connections that do random things on a network with random faults, and what has to hold all
 * the same. A failure names its seed; `RINGWAY_SEED=n` runs that one alone, `RINGWAY_SEEDS=n` that many.
 *
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Lease, leaseBytes } from "../../ring/lease.ts";
import { Timer } from "../../ring/timer_wheel.ts";
import type { SocketAddress } from "../address.ts";
import type { Connection, ConnectionHandler, Listener } from "../connection.ts";
import { MemoryDriver } from "./driver.ts";
import type { Faults } from "./faults.ts";
import { MemoryNetwork } from "./network.ts";
import { Random } from "./random.ts";
import { pattern, seeds } from "./test_support.ts";

const LIMITS = { maximumSteps: 300_000, maximumMs: 600_000 };
const LIFETIME_MS = 20_000;

/** The patterns of both directions of each connection; long enough for all that is written. */
const STREAM = pattern(400_000);

/** What one side of a connection does: anything that is allowed, at any time. */
class Actor implements ConnectionHandler {
  /** The other side, once both are known. */
  peer: Actor | null = null;
  written = 0;
  received = 0;
  hasEnded = false;
  hasAsked = { shutdown: false, close: false, reset: false };
  closes: number[] = [];
  readonly name: string;
  readonly #driver: MemoryDriver;
  readonly #random: Random;
  readonly #writeBytes: number;
  readonly #timer: Timer;
  readonly #lifeTimer: Timer;
  #connection: Connection | null = null;
  #isConnected: boolean;
  #isInCall = false;
  #isDrainDue = false;
  #hasRemoteClosed = false;

  constructor(driver: MemoryDriver, random: Random, name: string, isConnected: boolean, writeBytes: number) {
    this.#driver = driver;
    this.#random = random;
    this.name = name;
    this.#isConnected = isConnected;
    this.#writeBytes = writeBytes;
    this.#timer = new Timer(() => this.#act());
    this.#lifeTimer = new Timer(() => this.#endLife());
  }

  #endLife(): void {
    const isOver = this.hasEnded && this.hasAsked.shutdown && this.#c.queuedBytes === 0;
    assert.ok(!isOver || this.#c.isClosed, `${this.name} has ended in both directions and was not closed`);
    this.#reset();
  }

  start(connection: Connection): void {
    this.#connection = connection;
    this.#driver.startTimer(this.#timer, this.#random.below(50));
    this.#driver.startTimer(this.#lifeTimer, LIFETIME_MS);
    while (this.#random.chance(0.5)) this.#act();
  }

  get #c(): Connection {
    return this.#connection as Connection;
  }

  /** Call a function of the connection, in which no event may come. */
  #call<T>(action: (connection: Connection) => T): T {
    this.#isInCall = true;
    const result = action(this.#c);
    this.#isInCall = false;
    return result;
  }

  #event(name: string): void {
    assert.ok(!this.#isInCall, `${name} from within a call at ${this.name}`);
    assert.equal(this.closes.length, 0, `${name} after onClose at ${this.name}`);
    if (name !== "onConnect" && name !== "onClose")
      assert.ok(this.#isConnected, `${name} before onConnect at ${this.name}`);
    const { reset, close } = this.hasAsked;
    if (name !== "onClose") assert.ok(!reset && !close, `${name} after close or reset at ${this.name}`);
  }

  #act(): void {
    if (this.closes.length > 0) return;
    // It has to end by itself now.
    if (this.hasEnded && this.hasAsked.shutdown) return;
    const random = this.#random;
    const kind = random.below(40);
    if (kind < 24) this.#write();
    else if (kind < 29) this.#call((c) => c.pauseReading());
    else if (kind < 35) this.#call((c) => c.resumeReading());
    else if (kind < 37) this.#shutdown();
    else if (kind === 37 && random.chance(0.5)) this.#close();
    else if (kind === 38 && random.chance(0.3)) this.#reset();
    if (!this.#timer.isStarted) this.#driver.startTimer(this.#timer, random.below(100));
  }

  #write(): void {
    const { shutdown, close, reset } = this.hasAsked;
    const isDropped = shutdown || close || reset || this.#c.isClosed;
    const length = this.#random.chance(0.1) ? 0 : this.#random.between(1, this.#writeBytes);
    if (this.written + length > STREAM.length) return;
    const bytes = STREAM.slice(this.written, this.written + length);
    const queuedBefore = this.#c.queuedBytes;
    let hasRoom: boolean;
    if (this.#random.chance(0.5)) {
      hasRoom = this.#call((c) => c.writeBytes(bytes));
      bytes.fill(0);
    } else {
      hasRoom = this.#call((c) => c.write(leaseBytes(bytes)));
    }
    if (isDropped) {
      assert.equal(hasRoom, false);
      return;
    }
    this.written += length;
    assert.equal(this.#c.queuedBytes, queuedBefore + length);
    const { writeHighWatermarkBytes: high } = this.#driver.connectionOptions;
    if (length > 0) assert.equal(hasRoom, this.#c.queuedBytes <= high);
    if (!hasRoom) this.#isDrainDue = true;
  }

  #shutdown(): void {
    this.#call((c) => c.shutdownWrite());
    this.hasAsked.shutdown = true;
  }

  #close(): void {
    this.#call((c) => c.close());
    this.hasAsked.close = true;
    // A connection that is not there yet is given up with all that was written.
    if (!this.#isConnected) this.written = 0;
    assert.equal(this.#c.isClosed, true);
  }

  #reset(): void {
    this.#call((c) => c.reset());
    this.hasAsked.reset = true;
    assert.equal(this.#c.isClosed, true);
    assert.equal(this.#c.queuedBytes, 0);
  }

  onConnect(): void {
    this.#event("onConnect");
    assert.ok(!this.#isConnected, "onConnect twice, or of an accepted connection");
    this.#isConnected = true;
    this.#act();
  }

  onData(connection: Connection, lease: Lease): void {
    this.#event("onData");
    assert.ok(!connection.isReadingPaused && !this.hasEnded && lease.length > 0);
    const expected = STREAM.subarray(this.received, this.received + lease.length);
    assert.deepEqual(lease.bytes(), expected, `bytes at ${this.name}`);
    this.received += lease.length;
    assert.equal(connection.bytesRead, this.received);
    this.#dispose(lease);
    if (this.#random.chance(0.2)) this.#act();
  }

  /** In pieces, to test sharing. */
  #dispose(lease: Lease): void {
    if (lease.length > 1 && this.#random.chance(0.3))
      this.#dispose(lease.split(this.#random.between(1, lease.length - 1)));
    lease.release();
  }

  onEnd(connection: Connection): void {
    this.#event("onEnd");
    assert.ok(!connection.isReadingPaused && !this.hasEnded);
    this.hasEnded = true;
    // All that the peer wrote before it ended has arrived.
    if (this.peer !== null) assert.equal(this.received, this.peer.written);
    if (this.#random.chance(0.5)) this.#shutdown();
    else this.#act();
  }

  onDrain(connection: Connection): void {
    this.#event("onDrain");
    assert.ok(this.#isDrainDue && !this.hasAsked.shutdown);
    this.#isDrainDue = false;
    assert.ok(connection.queuedBytes <= this.#driver.connectionOptions.writeLowWatermarkBytes);
    this.#act();
  }

  onRemoteClose(connection: Connection): void {
    this.#event("onRemoteClose");
    assert.ok(connection.isReadingPaused && !this.#hasRemoteClosed && !this.hasEnded);
    this.#hasRemoteClosed = true;
    this.#act();
  }

  onClose(connection: Connection, errno: number): void {
    this.#event("onClose");
    this.closes.push(errno);
    assert.ok(Number.isInteger(errno) && errno >= 0);
    assert.equal(connection.isClosed, true);
    assert.equal(connection.queuedBytes, 0);
    assert.equal(connection.localAddress(), null);
    assert.equal(connection.remoteAddress(), null);
    assert.equal(
      this.#call((c) => c.writeBytes(Uint8Array.of(1))),
      false,
    );
    this.#driver.stopTimer(this.#timer);
    this.#driver.stopTimer(this.#lifeTimer);
  }
}

/** Some faults on, most of them off, and very unequal odds: what never happens in one seed happens often in another. */
function drawFaults(random: Random): Partial<Faults> {
  const odds = () => (random.chance(0.25) ? random.pick([0.02, 0.2, 0.9]) : 0);
  return {
    connectRefusedProbability: odds() / 2,
    connectHangProbability: odds() / 2,
    connectErrorProbability: odds() / 2,
    resetAfterBytesProbability: odds(),
    resetProbability: odds(),
    acceptErrorProbability: odds(),
    readerStallProbability: odds(),
    readerStallMaximumMs: random.pick([10, 5000, Number.POSITIVE_INFINITY]),
    slowLinkProbability: odds(),
    slowLinkBytesPerMs: random.pick([1, 50, 1000]),
    noBuffersProbability: odds(),
  };
}

async function torture(seed: number): Promise<MemoryNetwork> {
  const random = new Random(seed);
  const capacityBytes = random.pick([1, 100, 4096, 65536]);
  const receiveBytes = random.pick([1, 700, 65536]);
  // Byte by byte, a little takes many steps.
  const writeBytes = capacityBytes === 1 || receiveBytes === 1 ? 100 : 9000;
  const network = new MemoryNetwork({
    seed,
    traceLines: 30,
    capacityBytes,
    delayMaximumMs: random.pick([0, 3, 200]),
    splitProbability: random.pick([0, 0.5, 1]),
    connectTimeoutMs: random.pick([0, 300, 127_000]),
    clockJumpProbability: random.chance(0.2) ? 0.01 : 0,
  });
  network.faults.set(drawFaults(random));
  const drivers = Array.from({ length: random.between(1, 3) }, () => {
    const writeLowWatermarkBytes = random.pick([0, 1000, 16384]);
    return new MemoryDriver(network, {
      connection: {
        writeLowWatermarkBytes,
        writeHighWatermarkBytes: writeLowWatermarkBytes + random.pick([0, 5000, 50_000]),
        writeTimeoutMs: random.pick([1, 500, 5000]),
      },
      receiveBytes,
      receiveBuffers: random.pick([1, 4, Number.POSITIVE_INFINITY]),
      descriptors: random.pick([6, Number.POSITIVE_INFINITY]),
    });
  });
  const clients: Actor[] = [];
  const servers: Actor[] = [];
  const bySource = new Map<string, Actor>();
  const address: SocketAddress = { family: "ipv4", host: "127.0.0.1", port: 80 };
  const listeners: Listener[] = [];
  for (const driver of drivers) {
    const onAccept = (connection: Connection) => {
      const server = new Actor(driver, random.fork(), `server ${servers.length}`, true, writeBytes);
      servers.push(server);
      const client = bySource.get(JSON.stringify(connection.remoteAddress()));
      assert.ok(client !== undefined && client.peer === null);
      server.peer = client;
      client.peer = server;
      server.start(connection);
      return server;
    };
    listeners.push(await driver.listen(address, { onAccept }, { reusePort: true, backlog: random.pick([1, 3, 100]) }));
  }
  for (let i = random.between(1, 12); i > 0; i--) {
    const driver = random.pick(drivers);
    const client = new Actor(driver, random.fork(), `client ${clients.length}`, false, writeBytes);
    clients.push(client);
    const connection = driver.connect(address, client);
    bySource.set(JSON.stringify(connection.localAddress()), client);
    client.start(connection);
  }
  network.run(() => clients.every(({ closes }) => closes.length > 0), LIMITS);
  network.run(() => drivers.every(({ connectionCount }) => connectionCount === 0), LIMITS);
  // What is left has nothing to tell anybody.
  network.faults.clear();
  network.runUntilIdle(LIMITS);
  for (const actor of [...clients, ...servers]) check(actor);
  for (const listener of listeners) await listener.close();
  network.assertNoLeaks();
  return network;
}

function check(actor: Actor): void {
  const { peer, closes, hasAsked, name } = actor;
  assert.equal(closes.length, 1, `${name} was closed once`);
  if (peer === null) return;
  assert.ok(actor.received <= peer.written);
  // An orderly end of which nobody asked otherwise: both streams are complete.
  if (closes[0] !== 0 || hasAsked.close || hasAsked.reset) return;
  if (peer.hasAsked.close || peer.hasAsked.reset || peer.closes[0] !== 0 || !actor.hasEnded) return;
  assert.equal(actor.received, peer.written, `all bytes reached ${name}`);
}

test("whatever connections do and whatever goes wrong, the driver keeps its promises", {
  timeout: 120_000,
}, async () => {
  for (const seed of seeds(200)) {
    try {
      await torture(seed);
    } catch (error) {
      throw new Error(`Seed ${seed} fails`, { cause: error });
    }
  }
});
