/**
 * The filters' way through one exchange: which hook is called next, and what came of it.
 *
 * @module
 */
import { RingwayError } from "../../../../ffi/errors.ts";
import type { Head } from "../../../http/head.ts";
import { BODY_TOO_LARGE } from "./body_error.ts";
import type { FilterReply, FilterRoute, HttpExchange, Nothing } from "./filter.ts";
import { callHook, type FilterChain } from "./filter_chain.ts";
import { checkReply, makeReply } from "./filter_reply.ts";
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

/** What is known of an exchange. */
export interface ExchangeFacts {
  readonly clientText: string;
  readonly requestIdText: string;
  readonly upstreamName: string;
  readonly flag: string;
  readonly status: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly nowMs: number;
}

/** What the run needs of its exchange. */
export interface FilterHost {
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
  /** The filter that is being waited for, or was. */
  awaited = "";
  readonly startMs: number = Date.now();
  readonly #chain: FilterChain;
  readonly #host: FilterHost;
  /** After the end they stay as they are: the exchange serves other requests then. */
  #facts: ExchangeFacts;
  readonly #startedMs: number;
  #request: RequestView | null = null;
  #response: ResponseView | null = null;
  #state: Map<string, unknown> | null = null;
  /** 1 for the filters that are for this request; `null`: all are. */
  #active: Uint8Array | null = null;
  #hook = 0;
  #next = 0;
  /** Changes whenever what a hook promised before is of no interest any more. */
  #turn = 0;

  /** `facts` may change as long as the run goes on. */
  constructor(chain: FilterChain, host: FilterHost, facts: ExchangeFacts) {
    this.#chain = chain;
    this.#host = host;
    this.#facts = facts;
    this.#startedMs = facts.nowMs;
  }

  /** A request's head has arrived. Before anything else, and not for what could not be read. */
  begin(head: Head, memory: Uint8Array, base: number, isTrusted: boolean, requestId: Uint8Array): void {
    const chain = this.#chain;
    if (chain.isConditional) {
      this.#active = Uint8Array.from(chain.entries, ({ matcher }) =>
        matcher === null || matcher.matches(head, memory, base) ? 1 : 0,
      );
    }
    for (const { filter, index } of chain.observers) {
      if (this.#isFor(index)) filter.onRequestBytes?.(this, head, memory, base, requestId);
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

  /** Call a hook of all filters; one that was still being waited for is forgotten. Returns a `RUN_` number. */
  run(hook: number): number {
    this.#turn++;
    this.#hook = hook;
    this.#next = 0;
    this.answer = null;
    return this.#advance();
  }

  #advance(): number {
    const steps = this.#chain.hooks[this.#hook] ?? [];
    while (this.#next < steps.length) {
      const { filter, index } = steps[this.#next++] as (typeof steps)[number];
      if (!this.#isFor(index)) continue;
      try {
        const result = callHook(filter, this.#hook, this);
        if (result instanceof Promise) {
          this.#await(filter.name, result);
          return RUN_PENDING;
        }
        if (result === undefined) continue;
        this.answer = checkReply(result);
        return RUN_REPLY;
      } catch (error) {
        return this.#fail(filter.name, error);
      }
    }
    return RUN_DONE;
  }

  #await(filter: string, promise: Promise<FilterReply | Nothing>): void {
    const hook = this.#hook;
    const turn = this.#turn;
    this.awaited = filter;
    const settled = promise.then(
      (reply) => {
        if (turn !== this.#turn) return;
        const result = reply === undefined ? this.#advance() : this.#accept(filter, reply);
        if (result !== RUN_PENDING) this.#host.onHooksDone(hook, result);
      },
      (error: unknown) => {
        if (turn === this.#turn) this.#host.onHooksDone(hook, this.#fail(filter, error));
      },
    );
    this.#host.onWait(settled);
  }

  #accept(filter: string, reply: FilterReply): number {
    try {
      this.answer = checkReply(reply);
      return RUN_REPLY;
    } catch (error) {
      return this.#fail(filter, error);
    }
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
    this.#turn++;
    this.#request?.close();
    this.#response?.close();
  }

  /** The exchange is over. */
  end(): void {
    this.stop();
    this.#request?.discard();
    this.#response?.discard();
    for (const { filter, index } of this.#chain.ends) {
      if (!this.#isFor(index)) continue;
      try {
        const result: unknown = filter.onEnd?.(this);
        // Nobody waits for it, but its failure is not to be nobody's.
        if (result instanceof Promise) this.#host.onWait(result.catch((error) => this.#report(filter.name, error)));
      } catch (error) {
        this.#report(filter.name, error);
      }
    }
    if (this.#chain.isCurious) this.#facts = factsOf(this.#facts);
  }

  #report(filter: string, error: unknown): void {
    this.#host.onFilterError(filter, error);
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
    return this.#facts.clientText;
  }

  get requestId(): string {
    return this.#facts.requestIdText;
  }

  get upstream(): string {
    return this.#facts.upstreamName;
  }

  get flag(): string {
    return this.#facts.flag;
  }

  get status(): number {
    return this.#facts.status;
  }

  get durationMs(): number {
    return this.#facts.nowMs - this.#startedMs;
  }

  get receivedBytes(): number {
    return this.#facts.receivedBytes;
  }

  get sentBytes(): number {
    return this.#facts.sentBytes;
  }

  reply(status: number, body: string | Uint8Array = "", fields: Readonly<Record<string, string>> = {}): FilterReply {
    return makeReply(status, body, fields);
  }
}

function factsOf(facts: ExchangeFacts): ExchangeFacts {
  const { clientText, requestIdText, upstreamName, flag, status, receivedBytes, sentBytes, nowMs } = facts;
  return { clientText, requestIdText, upstreamName, flag, status, receivedBytes, sentBytes, nowMs };
}
