/**
 * An upstream of a simulation: checks that it gets what clients sent, and answers in any way.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Connection, ConnectionHandler } from "../../net/connection.ts";
import type { MemoryDriver } from "../../net/memory/driver.ts";
import type { Random } from "../../net/memory/random.ts";
import { type Lease, leaseBytes } from "../../ring/lease.ts";
import { Timer } from "../../ring/timer_wheel.ts";
import { changedData, drawChunks, drawText, type Exchange, field, readBody } from "./test_exchange.ts";

/** What an upstream does with a request. */
export type Deed = "length" | "chunked" | "until-close" | "empty" | "cut" | "garbage" | "close" | "reset" | "hang";

/** How upstreams behave. */
export interface UpstreamPlan {
  readonly deeds: readonly Deed[];
  readonly dataBytes: number;
  /** Answers before the request's body is there. */
  readonly earlyProbability: number;
  readonly interimProbability: number;
  /** Says `Connection: close`, and closes. */
  readonly lastProbability: number;
  /** Closes after its response without a word, after a while. */
  readonly idleCloseProbability: number;
  readonly pieceBytes: number;
  readonly delayMs: number;
  readonly pauseProbability: number;
  /** Of responses with a body. */
  readonly statuses: readonly number[];
}

/** What all upstreams share. */
export interface UpstreamGroup {
  readonly random: Random;
  readonly exchanges: ReadonlyMap<string, Exchange>;
  readonly plan: UpstreamPlan;
  /** May filters change bodies and their framing? */
  readonly isReframed: boolean;
  /** What a route puts in front of the paths. */
  readonly prefix: string;
  /** The value of the field that the route adds to requests. */
  readonly edited: string;
  /** Is what arrives only the copy of a request, whose response nobody may see? */
  readonly isMirror: boolean;
  /** How often a request may be sent, at the most. */
  maximumTries(exchange: Exchange): number;
}

const GARBAGE = ["HTTP/1.1 2x0 OK\r\n\r\n", "\0", "HTTP/1.1 200 OK\nX: a\n\n", "HTTP/1.1 200 OK\r\nX : a\r\n\r\n"];

/** One connection. */
export class SimulatedUpstream implements ConnectionHandler {
  isClosed = false;
  readonly #group: UpstreamGroup;
  readonly #driver: MemoryDriver;
  readonly #connection: Connection;
  readonly #timer: Timer;
  #text = "";
  #exchange: Exchange | null = null;
  #bodyBytes = 0;
  /** The request's. */
  #head = "";
  /** Has all of a request arrived whose framing may be another one? */
  #isWhole = false;
  /** What is still to be sent of a response; `null`: none was begun. */
  #unsent: string | null = null;
  #ending: "none" | "close" | "reset" | "idle-close" = "none";
  #isOver = false;
  /** Has it answered so that nothing more can follow? */
  #isHanging = false;

  constructor(group: UpstreamGroup, driver: MemoryDriver, connection: Connection) {
    this.#group = group;
    this.#driver = driver;
    this.#connection = connection;
    this.#timer = new Timer(() => this.#goOn());
  }

  onConnect(): void {}

  onData(connection: Connection, lease: Lease): void {
    this.#text += String.fromCharCode(...lease.bytes());
    lease.release();
    if (!this.#isOver) this.#read();
    if (this.#group.random.chance(this.#group.plan.pauseProbability)) {
      connection.pauseReading();
      this.#plan();
    }
  }

  #plan(): void {
    if (this.isClosed || this.#timer.isStarted) return;
    this.#driver.startTimer(this.#timer, this.#group.random.between(1, this.#group.plan.delayMs));
  }

  #read(): void {
    while (this.#text !== "") {
      if (this.#exchange === null) {
        const headEnd = this.#text.indexOf("\r\n\r\n");
        if (headEnd < 0) return;
        const head = this.#text.slice(0, headEnd + 2);
        this.#text = this.#text.slice(headEnd + 4);
        this.#begin(head);
        continue;
      }
      if (this.#group.isReframed) {
        if (!this.#readReframed(this.#exchange)) return;
        continue;
      }
      const { body, target } = this.#exchange;
      const piece = this.#text.slice(0, body.length - this.#bodyBytes);
      if (piece === "") {
        // The request is complete: no other one is sent before its response has ended.
        assert.fail(`${target} is followed by ${JSON.stringify(this.#text)}`);
      }
      assert.equal(piece, body.slice(this.#bodyBytes, this.#bodyBytes + piece.length), `the body of ${target}`);
      this.#bodyBytes += piece.length;
      this.#text = this.#text.slice(piece.length);
      this.#onProgress();
    }
  }

  /** Returns whether something may follow. */
  #readReframed(exchange: Exchange): boolean {
    const { target, changes } = exchange;
    if (this.#isWhole) assert.fail(`${target} is followed by ${JSON.stringify(this.#text)}`);
    const { data, end } = readBody(this.#text, this.#head, 0);
    const expected = changedData(exchange, changes.request, exchange.data);
    if (end < 0) assert.ok(expected.startsWith(data), `the body of ${target}`);
    if (end < 0) return false;
    assert.equal(data, expected, `the body of ${target}`);
    this.#text = this.#text.slice(end);
    this.#isWhole = true;
    this.#onProgress();
    return true;
  }

  #begin(head: string): void {
    const { random, plan, exchanges } = this.#group;
    const { isReframed, prefix, edited, isMirror } = this.#group;
    const [method = "", path = "", version = ""] = head.slice(0, head.indexOf("\r\n")).split(" ");
    assert.ok(path.startsWith(prefix));
    const target = path.slice(prefix.length);
    const exchange = exchanges.get(target);
    assert.ok(exchange !== undefined, `${JSON.stringify(head)} is the head of a request that a client sent`);
    assert.equal(method, exchange.method);
    assert.equal(version, "HTTP/1.1");
    for (const name of isReframed ? ["x-own"] : ["x-own", "content-length", "transfer-encoding"]) {
      assert.equal(field(head, name), field(exchange.head, name), name);
    }
    assert.equal(field(head, "x-edited"), edited);
    if (exchange.changes.isHeadChanged) assert.equal(field(head, "x-filter"), target);
    if (!isMirror) {
      exchange.seen++;
      const most = this.#group.maximumTries(exchange);
      assert.ok(exchange.seen <= most, `${method} ${target} is sent ${exchange.seen} times`);
    }
    this.#exchange = exchange;
    this.#head = head;
    this.#bodyBytes = 0;
    this.#isWhole = isReframed && field(head, "transfer-encoding") === "" && /^0?$/.test(field(head, "content-length"));
    this.#unsent = null;
    if (random.chance(plan.earlyProbability)) this.#answer();
    this.#onProgress();
  }

  /** Is there all of the request? */
  get #isComplete(): boolean {
    if (this.#group.isReframed) return this.#isWhole;
    return this.#exchange !== null && this.#bodyBytes === this.#exchange.body.length;
  }

  #onProgress(): void {
    if (this.#isComplete && this.#unsent === null) this.#answer();
    // Its response was there before.
    else if (this.#isComplete && this.#unsent === "") this.#finish();
  }

  #answer(): void {
    const { random, plan } = this.#group;
    const exchange = this.#exchange as Exchange;
    const deed = random.pick(plan.deeds);
    this.#isHanging = deed === "hang" || deed === "garbage" || deed === "cut";
    const isHead = exchange.method === "HEAD";
    const data = drawText(random, random.below(random.pick([1, 200, plan.dataBytes])));
    const isLast = random.chance(plan.lastProbability);
    const start = `x-id: ${exchange.target}\r\n${isLast ? "Connection: close\r\n" : ""}`;
    const interim = random.chance(plan.interimProbability) ? "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" : "";
    this.#ending = isLast ? "close" : random.chance(plan.idleCloseProbability) ? "idle-close" : "none";
    const status = deed === "empty" ? random.pick([204, 304]) : random.pick(plan.statuses);
    const body = isHead || deed === "empty" ? "" : data;
    if (!this.#group.isMirror && deed !== "garbage" && deed !== "close" && deed !== "reset" && deed !== "hang") {
      exchange.attempts.push({ status, data: body });
    }
    const head = `${interim}HTTP/1.1 ${status} Some reason\r\n${start}`;
    this.#unsent = this.#responseText(deed, head, body, isHead, data);
    this.#plan();
  }

  #responseText(deed: Deed, head: string, body: string, isHead: boolean, data: string): string {
    const { random } = this.#group;
    const whole = (isChunked: boolean) => {
      if (isChunked) return `${head}Transfer-Encoding: chunked\r\n\r\n${isHead ? "" : drawChunks(random, body)}`;
      return `${head}Content-Length: ${data.length}\r\n\r\n${body}`;
    };
    switch (deed) {
      case "length":
        return whole(false);
      case "chunked":
        return whole(true);
      case "until-close":
        this.#ending = "close";
        // Without a body nobody could know that the connection ends.
        return `${head}${isHead ? "Connection: close\r\n" : ""}\r\n${body}`;
      case "empty":
        return `${head}\r\n`;
      case "cut": {
        this.#ending = random.pick(["close", "reset"]);
        const text = whole(random.chance(0.5));
        return text.slice(0, random.below(text.length));
      }
      case "garbage":
        return random.pick(GARBAGE);
      case "hang":
        this.#ending = "none";
        return "";
      default:
        this.#ending = deed;
        return "";
    }
  }

  #goOn(): void {
    const { random, plan } = this.#group;
    const connection = this.#connection;
    if (connection.isReadingPaused) {
      if (random.chance(0.5)) connection.resumeReading();
      this.#plan();
    }
    if (this.#isOver) {
      // Idle for long enough.
      if (this.#ending === "idle-close") connection.close();
      return;
    }
    if (this.#unsent === null) return;
    while (this.#unsent !== "") {
      const piece = this.#unsent.slice(0, random.between(1, plan.pieceBytes));
      this.#unsent = this.#unsent.slice(piece.length);
      connection.write(leaseBytes(Uint8Array.from(piece, (character) => character.charCodeAt(0))));
      if (this.#unsent !== "" && random.chance(0.3)) {
        this.#plan();
        return;
      }
    }
    if (this.#ending === "close") this.#end(() => connection.close());
    else if (this.#ending === "reset") this.#end(() => connection.reset());
    else if (this.#isComplete) this.#finish();
  }

  #end(how: () => void): void {
    this.#isOver = true;
    how();
  }

  /** Request and response are complete. */
  #finish(): void {
    if (this.#isHanging) return;
    this.#exchange = null;
    this.#unsent = null;
    if (this.#ending === "idle-close") {
      this.#isOver = true;
      this.#plan();
      return;
    }
    this.#read();
  }

  onEnd(connection: Connection): void {
    this.#isOver = true;
    connection.close();
  }

  onDrain(): void {}

  onClose(): void {
    this.isClosed = true;
    this.#driver.stopTimer(this.#timer);
  }
}
