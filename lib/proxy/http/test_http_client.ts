/**
 * A client of a simulation: sends requests in any pieces, and checks that it gets the responses to them.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Connection, ConnectionHandler } from "../../net/connection.ts";
import type { MemoryDriver } from "../../net/memory/driver.ts";
import type { Random } from "../../net/memory/random.ts";
import { type Lease, leaseBytes } from "../../ring/lease.ts";
import { Timer } from "../../ring/timer_wheel.ts";
import { assertRight, type Exchange, field, readResponse, statusIn } from "./test_exchange.ts";

/** How a client behaves. */
export interface ClientScript {
  readonly exchanges: readonly Exchange[];
  /** Does it send a request only after the response to the one before? */
  readonly isPatient: boolean;
  readonly pieceBytes: number;
  readonly pauseProbability: number;
  /** Does it half-close after its last request? */
  readonly endsEarly: boolean;
  /** With which statuses the proxy may answer itself. */
  readonly ownStatuses: readonly number[];
  /** The value of the field that the route adds to responses. */
  readonly edited: string;
  /** It resets its connection at that moment, or never: -1. */
  readonly resetAfterMs: number;
}

/** See the module. */
export class SimulatedClient implements ConnectionHandler {
  readonly script: ClientScript;
  /** Statuses of the responses that came whole; of those that the proxy made itself, negative. */
  readonly statuses: number[] = [];
  errno = -1;
  hasEnded = false;
  hasReset = false;
  readonly #driver: MemoryDriver;
  readonly #random: Random;
  readonly #timer: Timer;
  readonly #resetTimer: Timer;
  #connection: Connection | null = null;
  #text = "";
  #unsent: string;
  #asked = 0;
  #hasSentEnd = false;

  constructor(driver: MemoryDriver, random: Random, script: ClientScript) {
    this.#driver = driver;
    this.#random = random;
    this.script = script;
    this.#timer = new Timer(() => this.#goOn());
    this.#resetTimer = new Timer(() => {
      this.hasReset = true;
      this.#connection?.reset();
    });
    this.#unsent = "";
  }

  get isClosed(): boolean {
    return this.errno >= 0;
  }

  /** Has it all that it asked for? */
  get isDone(): boolean {
    return this.statuses.length === this.script.exchanges.length;
  }

  start(connection: Connection): void {
    this.#connection = connection;
    this.#driver.startTimer(this.#timer, 1);
    if (this.script.resetAfterMs >= 0) this.#driver.startTimer(this.#resetTimer, this.script.resetAfterMs);
  }

  #goOn(): void {
    const connection = this.#connection as Connection;
    if (connection.isReadingPaused && this.#random.chance(0.5)) connection.resumeReading();
    this.#send();
    if (!this.isClosed) this.#driver.startTimer(this.#timer, this.#random.between(1, 30));
  }

  #send(): void {
    const connection = this.#connection as Connection;
    const { exchanges, isPatient, pieceBytes, endsEarly } = this.script;
    if (this.#hasSentEnd) return;
    while (this.#asked < exchanges.length && (!isPatient || this.#asked === this.statuses.length)) {
      const exchange = exchanges[this.#asked++] as Exchange;
      this.#unsent += exchange.head + exchange.body;
    }
    while (this.#unsent !== "" && connection.queuedBytes < 65536) {
      const piece = this.#unsent.slice(0, this.#random.between(1, pieceBytes));
      this.#unsent = this.#unsent.slice(piece.length);
      connection.write(leaseBytes(Uint8Array.from(piece, (character) => character.charCodeAt(0))));
      if (this.#random.chance(0.3)) return;
    }
    const isEverythingSent = this.#unsent === "" && this.#asked === exchanges.length;
    if (this.isDone || (isEverythingSent && endsEarly) || this.hasEnded) {
      this.#hasSentEnd = true;
      connection.shutdownWrite();
    }
  }

  onConnect(): void {
    this.#send();
  }

  onData(connection: Connection, lease: Lease): void {
    this.#text += String.fromCharCode(...lease.bytes());
    lease.release();
    this.#read();
    if (this.#random.chance(this.script.pauseProbability)) connection.pauseReading();
  }

  #read(): void {
    while (this.#text !== "") {
      const exchange = this.script.exchanges[this.statuses.length];
      if (exchange === undefined) assert.fail(`bytes that nobody asked for: ${this.#text}`);
      const reading = readResponse(this.#text, exchange.method);
      if (reading === null || reading.end < 0) return;
      this.#text = this.#text.slice(reading.end);
      this.#take(exchange, reading);
    }
  }

  #take(exchange: Exchange, reading: NonNullable<ReturnType<typeof readResponse>>): void {
    const status = statusIn(reading.head);
    const isOwn = field(reading.head, "x-id") === "";
    if (!isOwn) {
      assertRight(exchange, reading, true);
      assert.equal(field(reading.head, "x-edited"), this.script.edited);
    } else if (status === 299) {
      assert.equal(field(reading.head, "x-answer"), exchange.target, "the answer is one to this request");
    } else {
      assert.ok(this.script.ownStatuses.includes(status), `the proxy may answer ${status}`);
    }
    this.statuses.push(isOwn ? -status : status);
  }

  onEnd(): void {
    this.hasEnded = true;
    this.#finishAt(true);
    this.#send();
  }

  /** No more arrives: what there is of a response is a part of the right one, and the whole if it ends in order. */
  #finishAt(isOrderly: boolean): void {
    const exchange = this.script.exchanges[this.statuses.length];
    const reading = exchange === undefined ? null : readResponse(this.#text, exchange.method);
    this.#text = "";
    if (exchange === undefined || reading === null) return;
    if (reading.isUntilEnd && isOrderly) this.#take(exchange, reading);
    else if (field(reading.head, "x-id") !== "") assertRight(exchange, reading, false);
  }

  onDrain(): void {
    this.#send();
  }

  onClose(_connection: Connection, errno: number): void {
    if (!this.hasEnded) this.#finishAt(false);
    this.errno = errno;
    this.#driver.stopTimer(this.#timer);
    this.#driver.stopTimer(this.#resetTimer);
  }
}
