/**
 * A filter of a simulation: does to each request and response what was drawn for it, at once or later.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { MemoryDriver } from "../../net/memory/driver.ts";
import type { Random } from "../../net/memory/random.ts";
import { Timer } from "../../ring/timer_wheel.ts";
import { ascii } from "./bytes.ts";
import type {
  BodyTransform,
  FilterMessage,
  FilterReply,
  HttpExchange,
  HttpFilter,
  MaybePromise,
  Nothing,
} from "./filters/filter.ts";
import {
  type BodyDeed,
  type Exchange,
  type HookName,
  LITTLE_BYTES,
  replacementFor,
  type Wait,
} from "./test_exchange.ts";

/** What a simulated filter throws. */
export class PlannedError extends Error {}

/** What became of one exchange so far. */
interface Life {
  responses: number;
  ends: number;
}

/** See the module. */
export class SimulatedFilter implements HttpFilter {
  readonly name = "simulated";
  /** Of all exchanges that have begun. */
  readonly lives: Map<HttpExchange, Life> = new Map();
  readonly transforms: SimulatedTransform[] = [];
  readonly #driver: MemoryDriver;
  readonly #random: Random;
  readonly #exchanges: ReadonlyMap<string, Exchange>;

  constructor(driver: MemoryDriver, random: Random, exchanges: ReadonlyMap<string, Exchange>) {
    this.#driver = driver;
    this.#random = random;
    this.#exchanges = exchanges;
  }

  onRequestHead(exchange: HttpExchange): MaybePromise<FilterReply | Nothing> {
    assert.ok(!this.lives.has(exchange), "a request's head arrives once");
    this.lives.set(exchange, { responses: 0, ends: 0 });
    return this.#run("head", exchange, exchange.request);
  }

  onRoute(exchange: HttpExchange): MaybePromise<FilterReply | Nothing> {
    return this.#run("route", exchange, null);
  }

  onResponseHead(exchange: HttpExchange): MaybePromise<FilterReply | Nothing> {
    const life = this.lives.get(exchange);
    assert.ok(life !== undefined && life.responses === 0 && life.ends === 0, "a response's head arrives once");
    life.responses++;
    return this.#run("response", exchange, exchange.response);
  }

  onEnd(exchange: HttpExchange): void {
    const life = this.lives.get(exchange) ?? { responses: 0, ends: 0 };
    this.lives.set(exchange, life);
    life.ends++;
    assert.equal(life.ends, 1, "an exchange ends once");
  }

  /** Nothing is left open. */
  assertOver(): void {
    for (const [{ request }, { ends }] of this.lives) assert.equal(ends, 1, `${request.target} has ended`);
    for (const transform of this.transforms) transform.assertOver();
  }

  #run(hook: HookName, exchange: HttpExchange, message: FilterMessage | null): MaybePromise<FilterReply | Nothing> {
    const planned = this.#exchanges.get(exchange.request.target) as Exchange;
    const wait = planned.changes.waits[hook];
    const deed = message === null ? "none" : hook === "head" ? planned.changes.request : planned.changes.response;
    const isLater = wait !== "none" || deed === "read" || deed === "read-little";
    return isLater
      ? this.#actLater(hook, exchange, message, deed, wait, planned)
      : this.#act(hook, exchange, message, deed, planned);
  }

  async #actLater(
    hook: HookName,
    exchange: HttpExchange,
    message: FilterMessage | null,
    deed: BodyDeed,
    wait: Wait,
    planned: Exchange,
  ): Promise<FilterReply | Nothing> {
    const isLate = this.#random.chance(0.5);
    if (isLate) await this.wait(wait);
    if (message !== null && (deed === "read" || deed === "read-little")) {
      await message.readBody(deed === "read" ? Number.POSITIVE_INFINITY : LITTLE_BYTES);
    }
    if (!isLate) await this.wait(wait);
    return this.#act(hook, exchange, message, deed, planned);
  }

  #act(
    hook: HookName,
    exchange: HttpExchange,
    message: FilterMessage | null,
    deed: BodyDeed,
    planned: Exchange,
  ): FilterReply | Nothing {
    const { target, changes } = planned;
    if (changes.throws === hook) throw new PlannedError("a hook");
    if (changes.answers === hook) return exchange.reply(299, `answer to ${target}`, { "x-answer": target });
    if (message === null) return;
    if (changes.isHeadChanged) message.fields.set("x-filter", target);
    const later = this.#random.pick<Wait>(["none", "none", "microtask", "timer"]);
    switch (deed) {
      case "transform":
      case "throw": {
        const transform = new SimulatedTransform(this, later, deed === "throw" ? this.#random.below(3) : -1);
        this.transforms.push(transform);
        message.transformBody(transform);
        return;
      }
      case "replace":
        message.replaceBody(replacementFor(planned));
        return;
      case "stream":
      case "stream-throw":
        message.replaceBody(this.#stream(replacementFor(planned), later, deed === "stream-throw"));
    }
  }

  #stream(text: string, wait: Wait, isThrowing: boolean): ReadableStream<Uint8Array> {
    let at = 0;
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        await this.wait(wait);
        const piece = text.slice(at, at + this.#random.between(1, 1000));
        at += piece.length;
        if (piece !== "") controller.enqueue(ascii(piece));
        if (at < text.length) return;
        if (isThrowing) controller.error(new PlannedError("a stream"));
        else controller.close();
      },
    });
  }

  /** Wait as it is said, on the simulated clock. */
  async wait(kind: Wait): Promise<void> {
    if (kind === "none") return;
    await null;
    if (kind === "microtask") return;
    const delayMs = kind === "timer" ? this.#random.between(1, 30) : 3000;
    await new Promise<void>((resolve) => this.#driver.startTimer(new Timer(resolve), delayMs));
  }
}

/** Makes small letters capital ones. */
class SimulatedTransform implements BodyTransform {
  readonly #filter: SimulatedFilter;
  readonly #wait: Wait;
  /** The number of the piece at which it throws; -1: it does not. */
  readonly #throwsAt: number;
  #pieces = 0;
  #ends = 0;
  #aborts = 0;
  #isBusy = false;

  constructor(filter: SimulatedFilter, wait: Wait, throwsAt: number) {
    this.#filter = filter;
    this.#wait = wait;
    this.#throwsAt = throwsAt;
  }

  onPiece(piece: Uint8Array): MaybePromise<Uint8Array | readonly Uint8Array[]> {
    assert.ok(!this.#isBusy && this.#ends === 0 && this.#aborts === 0, "one piece after the other, up to the end");
    assert.ok(piece.length > 0);
    if (this.#pieces++ === this.#throwsAt) throw new PlannedError("a transform");
    const changed = piece.map((byte) => (byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte));
    if (this.#wait === "none") return changed;
    this.#isBusy = true;
    return this.#filter.wait(this.#wait).then(() => {
      this.#isBusy = false;
      return [changed.subarray(0, 1), changed.subarray(1)];
    });
  }

  onEnd(): MaybePromise<Nothing> {
    assert.ok(!this.#isBusy && this.#ends === 0 && this.#aborts === 0, "an end comes once, after all pieces");
    this.#ends++;
    if (this.#wait !== "none") return this.#filter.wait(this.#wait);
  }

  onAbort(): void {
    this.#aborts++;
    assert.equal(this.#aborts, 1, "a body is given up once");
  }

  /** What had begun has ended in one way or the other. */
  assertOver(): void {
    if (this.#pieces > 0) assert.ok(this.#ends + this.#aborts > 0, "a transform is told of the end of its body");
  }
}
