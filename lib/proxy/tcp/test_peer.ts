/**
 * A client or an upstream of a simulation: sends a stream of its own, checks the other one's, and misbehaves.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Connection, ConnectionHandler } from "../../net/connection.ts";
import type { MemoryDriver } from "../../net/memory/driver.ts";
import { Random } from "../../net/memory/random.ts";
import { type Lease, leaseBytes } from "../../ring/lease.ts";
import { Timer } from "../../ring/timer_wheel.ts";

/** Bytes at the start of each stream that tell whose it is. */
export const HEAD_BYTES = 4;
/** Where all streams are taken from. */
const NOISE = (() => {
  const random = new Random(1);
  return Uint8Array.from({ length: 1 << 18 }, () => random.below(256));
})();

/** How a peer behaves. */
export interface Script {
  /** What it sends in all: its number first, if anything. */
  readonly bytes: number;
  readonly chunkBytes: number;
  /** Does it wait for `onDrain`, as it should? */
  readonly isPolite: boolean;
  readonly pauseProbability: number;
  /** What it does when all is sent; `answer` waits for the other side's end first. */
  readonly ending: "shutdown" | "answer" | "close" | "reset";
  /** It resets the connection before, at some moment. */
  readonly resetAfterMs: number;
}

/** What peers share. */
export interface PeerGroup {
  readonly random: Random;
  /** All of them, by their numbers. */
  readonly peers: Map<number, Peer>;
  /** Does the proxy end connections by itself, so that an end may come before all bytes? */
  readonly hasIdleTimeout: boolean;
}

/** A client, or an upstream that was connected for one. */
export class Peer implements ConnectionHandler {
  readonly number: number;
  readonly script: Script;
  readonly stream: Uint8Array;
  /** The one at the other end of the relay, once its head arrived. */
  other: Peer | null = null;
  sent = 0;
  received = 0;
  hasEnded = false;
  hasSentEnd = false;
  ending: "none" | "shutdown" | "close" | "reset" = "none";
  errno = -1;
  readonly #group: PeerGroup;
  readonly #driver: MemoryDriver;
  readonly #head = new Uint8Array(HEAD_BYTES);
  readonly #timer: Timer;
  readonly #resetTimer: Timer;
  #connection: Connection | null = null;

  constructor(group: PeerGroup, driver: MemoryDriver, number: number, script: Script) {
    this.#group = group;
    this.#driver = driver;
    this.number = number;
    this.script = script;
    const offset = (number * 7919) % (NOISE.length - script.bytes);
    this.stream = NOISE.slice(offset, offset + script.bytes);
    new DataView(this.#head.buffer).setUint32(0, number);
    this.stream.set(this.#head.subarray(0, script.bytes));
    this.#timer = new Timer(() => this.#goOn());
    this.#resetTimer = new Timer(() => this.#end("reset"));
  }

  get isClosed(): boolean {
    return this.errno >= 0;
  }

  /** Both directions are through, as far as this side can know. */
  get isComplete(): boolean {
    return this.hasEnded && this.ending === "shutdown";
  }

  start(connection: Connection): this {
    this.#connection = connection;
    this.#driver.startTimer(this.#timer, this.#group.random.below(20));
    if (this.script.resetAfterMs >= 0) this.#driver.startTimer(this.#resetTimer, this.script.resetAfterMs);
    return this;
  }

  #goOn(): void {
    if (this.#connection?.isReadingPaused && this.#group.random.chance(0.5)) this.#connection.resumeReading();
    this.#send();
    if (!this.isClosed) this.#driver.startTimer(this.#timer, this.#group.random.below(100));
  }

  #send(): void {
    const connection = this.#connection as Connection;
    const { bytes, chunkBytes, isPolite, ending } = this.script;
    if (this.ending !== "none" || (isPolite && connection.queuedBytes > 0)) return;
    let hasRoom = true;
    while (this.sent < bytes && (hasRoom || !isPolite)) {
      const chunk = this.stream.subarray(this.sent, this.sent + this.#group.random.between(1, chunkBytes));
      this.sent += chunk.length;
      hasRoom = connection.write(leaseBytes(chunk));
      if (this.#group.random.chance(0.3)) break;
    }
    if (this.sent < bytes || (ending === "answer" && !this.hasEnded)) return;
    this.#end(ending === "answer" ? "shutdown" : ending);
  }

  #end(ending: "shutdown" | "close" | "reset"): void {
    this.ending = ending;
    if (ending !== "reset") this.hasSentEnd = true;
    const connection = this.#connection as Connection;
    if (ending === "shutdown") connection.shutdownWrite();
    else if (ending === "close") connection.close();
    else connection.reset();
  }

  onConnect(): void {
    this.#send();
  }

  onData(connection: Connection, lease: Lease): void {
    const bytes = lease.bytes();
    for (let at = 0; at < bytes.length; ) at += this.#check(bytes.subarray(at));
    lease.release();
    if (this.#group.random.chance(this.script.pauseProbability)) connection.pauseReading();
  }

  /** Returns how many bytes were checked. */
  #check(bytes: Uint8Array): number {
    if (this.other === null) {
      this.#head[this.received++] = bytes[0] as number;
      if (this.received === HEAD_BYTES) this.#meet(new DataView(this.#head.buffer).getUint32(0));
      return 1;
    }
    const expected = this.other.stream.subarray(this.received, this.received + bytes.length);
    assert.deepEqual(bytes, expected, `the bytes from ${this.received} on at ${this.number}`);
    this.received += bytes.length;
    return bytes.length;
  }

  #meet(number: number): void {
    const other = this.#group.peers.get(number);
    assert.ok(other !== undefined, `the head at ${this.number} is one that was sent, not ${number}`);
    assert.ok(other.other === null || other.other === this, `${number} is connected with one other`);
    this.other = other;
  }

  onEnd(): void {
    this.hasEnded = true;
    // Nobody sees an end that was not sent, or one before the bytes that were sent before it.
    if (this.#group.hasIdleTimeout) {
      // Unless the proxy itself has ended it.
    } else if (this.other !== null) {
      assert.ok(this.other.hasSentEnd, `the end at ${this.number}`);
      assert.equal(this.received, this.other.script.bytes, `all bytes before the end at ${this.number}`);
    } else {
      assert.equal(this.received, 0);
    }
    this.#send();
  }

  onDrain(): void {
    this.#send();
  }

  onClose(_connection: Connection, errno: number): void {
    this.errno = errno;
    this.#driver.stopTimer(this.#timer);
    this.#driver.stopTimer(this.#resetTimer);
  }
}
