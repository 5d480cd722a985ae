/**
 * The filters of a listener on one worker, sorted by what they have hooks for.
 *
 * @module
 */
import type { Head } from "../../../http/head.ts";
import type { FilterReply, FilterWorker, HttpExchange, HttpFilter, MaybePromise, Nothing } from "./filter.ts";

/** Says which requests a filter is for. */
export interface FilterMatcher {
  matches(head: Head, memory: Uint8Array, base: number): boolean;
}

/**
 * A filter that looks at the bytes of a request's head, and is finished with them when its hook returns. It costs less
 * than to have them decoded.
 */
export interface HeadObserver {
  /** `requestId`: as `HttpExchange.requestId`, only to be read, and the same for good. */
  onRequestBytes(exchange: HttpExchange, head: Head, memory: Uint8Array, base: number, requestId: Uint8Array): void;
}

/** A filter, and for which requests it is. */
export interface FilterEntry {
  readonly filter: HttpFilter & Partial<HeadObserver>;
  /** `null`: all requests. */
  readonly matcher: FilterMatcher | null;
}

/** A hook that may answer. */
export const HOOK_REQUEST = 0;
/** See `HttpFilter.onRoute`. */
export const HOOK_ROUTE = 1;
/** See `HttpFilter.onResponseHead`. */
export const HOOK_RESPONSE = 2;

/** One filter among those that have a certain hook. */
export interface Step {
  readonly filter: HttpFilter & Partial<HeadObserver>;
  /** Its number in the chain. */
  readonly index: number;
}

/** See the module. */
export class FilterChain {
  readonly entries: readonly FilterEntry[];
  /** By `HOOK_` number, in the order in which they are called. */
  readonly hooks: readonly (readonly Step[])[];
  readonly observers: readonly Step[];
  readonly ends: readonly Step[];
  /** Has any a matcher? */
  readonly isConditional: boolean;
  /** Has the head to be decoded while its bytes are there? */
  readonly isCurious: boolean;

  constructor(entries: readonly FilterEntry[]) {
    const steps = entries.map(({ filter }, index): Step => ({ filter, index }));
    this.entries = entries;
    this.hooks = [
      steps.filter(({ filter }) => filter.onRequestHead !== undefined),
      steps.filter(({ filter }) => filter.onRoute !== undefined),
      // The first one to see a request is the last one to see its response.
      steps.filter(({ filter }) => filter.onResponseHead !== undefined).reverse(),
    ];
    this.observers = steps.filter(({ filter }) => filter.onRequestBytes !== undefined);
    this.ends = steps.filter(({ filter }) => filter.onEnd !== undefined).reverse();
    this.isConditional = entries.some(({ matcher }) => matcher !== null);
    const curiousEnds = this.ends.filter(({ filter }) => filter.onRequestBytes === undefined);
    this.isCurious = this.hooks.some((hook) => hook.length > 0) || curiousEnds.length > 0;
  }

  /** Tell all filters that the worker is about to accept connections. Rejects with what the first of them throws. */
  async start(worker: FilterWorker): Promise<void> {
    for (const { filter } of this.entries) await filter.onStart?.(worker);
  }

  /** Tell all filters that the worker ends. What they throw is given to `onError`. */
  async stop(onError: (filter: string, error: unknown) => void): Promise<void> {
    for (const { filter } of this.entries) {
      try {
        await filter.onStop?.();
      } catch (error) {
        onError(filter.name, error);
      }
    }
  }
}

/** Call a hook. */
export function callHook(
  filter: HttpFilter,
  hook: number,
  exchange: HttpExchange,
): MaybePromise<FilterReply | Nothing> {
  if (hook === HOOK_REQUEST) return filter.onRequestHead?.(exchange);
  return hook === HOOK_ROUTE ? filter.onRoute?.(exchange) : filter.onResponseHead?.(exchange);
}
