/**
 * The filters' way through one exchange: which hook is called next, and what came of it.
 *
 * @module
 */
import { RingwayError } from "../../../../ffi/errors.ts";
import type { Head } from "../../../http/head.ts";
import type { FilterReply, FilterRoute, HttpExchange, Nothing } from "./filter.ts";
import { callHook, type FilterChain } from "./filter_chain.ts";
import { checkField } from "./head_fields.ts";
import type { BodyCollector } from "./message_view.ts";
import { RequestView } from "./request_view.ts";
import { ResponseView } from "./response_view.ts";

/** All filters have let it pass. */
export const RUN_DONE = 0;
/** A filter waits for something; `FilterHost.onHooksDone` follows. */
export const RUN_PENDING = 1;
/** A filter answered, see `FilterRun.answer`. */
export const RUN_REPLY = 2;
/** A filter failed, see `FilterRun.failure`. */
export const RUN_FAILED = 3;

/** What a filter threw is answered with this code's status if it has one. */
export const BODY_TOO_LARGE = "ERR_BODY_TOO_LARGE";

/** What the run needs of its exchange. */
export interface FilterHost {
  readonly clientText: string;
  readonly requestIdText: string;
  readonly upstreamName: string;
  readonly flag: string;
  readonly status: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly nowMs: number;
  /** Wait for the whole body of the request. */
  collectRequest(limitBytes: number): Promise<Uint8Array>;
  /** Wait for the whole body of the response. */
  collectResponse(limitBytes: number): Promise<Uint8Array>;
  /** A hook that was pending has ended with that `RUN_` number. */
  onHooksDone(hook: number, result: number): void;
  /** A filter waits until this is settled. */
  onWait(promise: Promise<unknown>): void;
  /** For the log. */
  onFilterError(filter: string, error: unknown): void;
}

/** See the module. Also what filters are given. */
export class FilterRun implements HttpExchange {
  /** What a filter answered. */
  answer: FilterReply | null = null;
  /** What a filter threw. */
  failure: unknown = undefined;
  route: FilterRoute | null = null;
  readonly startMs: number = Date.now();
  readonly #chain: FilterChain;
  readonly #host: FilterHost;
  readonly #startedMs: number;
  #request: RequestView | null = null;
  #response: ResponseView | null = null;
  #state: Map<string, unknown> | null = null;
  /** 1 for the filters that are for this request; `null`: all are. */
  #active: Uint8Array | null = null;
  #hook = 0;
  #next = 0;
  /** How often hooks were run: what one waited for may come when they are run for something else. */
  #runs = 0;
  #isOver = false;

  constructor(chain: FilterChain, host: FilterHost) {
    this.#chain = chain;
    this.#host = host;
    this.#startedMs = host.nowMs;
  }

  /** A request's head has arrived. Before anything else, and not for what could not be read. */
  begin(head: Head, memory: Uint8Array, base: number, isTrusted: boolean): void {
    const chain = this.#chain;
    if (chain.isConditional) {
      this.#active = Uint8Array.from(chain.entries, ({ matcher }) =>
        matcher === null || matcher.matches(head, memory, base) ? 1 : 0,
      );
    }
    for (const { filter, index } of chain.observers) {
      if (this.#isFor(index)) filter.onRequestBytes?.(this, head, memory, base);
    }
    if (!chain.isCurious) return;
    const collect: BodyCollector = (limitBytes) => this.#host.collectRequest(limitBytes);
    this.#request = new RequestView(head, memory, base, isTrusted, collect);
  }

  /** The response's head has arrived, or was made. */
  beginResponse(head: Head, memory: Uint8Array, base: number, isLocal: boolean): void {
    const collect: BodyCollector = (limitBytes) => this.#host.collectResponse(limitBytes);
    this.#response = new ResponseView(head, memory, base, isLocal, collect);
  }

  /** Call a hook of all filters. Returns a `RUN_` number. */
  run(hook: number): number {
    this.#hook = hook;
    this.#next = 0;
    this.answer = null;
    this.#runs++;
    return this.#advance();
  }

  #advance(): number {
    const steps = this.#chain.hooks[this.#hook] ?? [];
    while (this.#next < steps.length) {
      const { filter, index } = steps[this.#next++] as (typeof steps)[number];
      if (!this.#isFor(index)) continue;
      let result: ReturnType<typeof callHook>;
      try {
        result = callHook(filter, this.#hook, this);
      } catch (error) {
        return this.#fail(filter.name, error);
      }
      if (result === undefined) continue;
      if (result instanceof Promise) {
        this.#await(filter.name, result);
        return RUN_PENDING;
      }
      this.answer = result;
      return RUN_REPLY;
    }
    return RUN_DONE;
  }

  #await(filter: string, promise: Promise<FilterReply | Nothing>): void {
    const hook = this.#hook;
    const run = this.#runs;
    const isOver = (): boolean => this.#isOver || run !== this.#runs;
    const settled = promise.then(
      (reply) => {
        if (isOver()) return;
        this.answer = reply ?? null;
        const result = reply === undefined ? this.#advance() : RUN_REPLY;
        if (result !== RUN_PENDING) this.#host.onHooksDone(hook, result);
      },
      (error: unknown) => {
        if (!isOver()) this.#host.onHooksDone(hook, this.#fail(filter, error));
      },
    );
    this.#host.onWait(settled);
  }

  #fail(filter: string, error: unknown): number {
    this.failure = error;
    const isExpected = error instanceof RingwayError && error.code === BODY_TOO_LARGE;
    if (!isExpected) this.#host.onFilterError(filter, error);
    return RUN_FAILED;
  }

  #isFor(index: number): boolean {
    return this.#active === null || this.#active[index] === 1;
  }

  /** No hook is called any more, and what one still waits for is of no interest. */
  stop(): void {
    this.#isOver = true;
  }

  /** The exchange is over. */
  end(): void {
    this.#isOver = true;
    for (const { filter, index } of this.#chain.ends) {
      if (!this.#isFor(index)) continue;
      try {
        filter.onEnd?.(this);
      } catch (error) {
        this.#host.onFilterError(filter.name, error);
      }
    }
  }

  /** @internal The request, if its head could be read. */
  get requestView(): RequestView | null {
    return this.#request;
  }

  /** @internal */
  get responseView(): ResponseView | null {
    return this.#response;
  }

  get request(): RequestView {
    if (this.#request === null) throw new TypeError("The head of this request could not be read");
    return this.#request;
  }

  get response(): ResponseView | null {
    return this.#response;
  }

  get state(): Map<string, unknown> {
    this.#state ??= new Map();
    return this.#state;
  }

  get client(): string {
    return this.#host.clientText;
  }

  get requestId(): string {
    return this.#host.requestIdText;
  }

  get upstream(): string {
    return this.#host.upstreamName;
  }

  get flag(): string {
    return this.#host.flag;
  }

  get status(): number {
    return this.#host.status;
  }

  get durationMs(): number {
    return this.#host.nowMs - this.#startedMs;
  }

  get receivedBytes(): number {
    return this.#host.receivedBytes;
  }

  get sentBytes(): number {
    return this.#host.sentBytes;
  }

  reply(status: number, body: string | Uint8Array = "", fields: Readonly<Record<string, string>> = {}): FilterReply {
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new RangeError(`A reply cannot have the status ${status}: 200 to 599`);
    }
    const pairs = Object.entries(fields);
    for (const [name, value] of pairs) checkField(name, value);
    return { status, body: typeof body === "string" ? new TextEncoder().encode(body) : body, fields: pairs };
  }
}
