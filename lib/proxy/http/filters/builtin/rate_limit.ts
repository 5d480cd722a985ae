/**
 * Limits how many requests come in a time.
 *
 * @module
 */

import { isToken } from "../../../../http/characters.ts";
import type { FilterReply, FilterWorker, HttpExchange, HttpFilter } from "../filter.ts";
import { clientNetwork } from "./client_address.ts";
import type { RateLimitOptions } from "./options.ts";
import { checkInteger, optionsError } from "./options_error.ts";
import { textReply } from "./text_reply.ts";
import { TokenBuckets } from "./token_buckets.ts";

/** Milliseconds since whenever, never less than before. */
type Clock = () => number;

/**
 * Answers requests above a rate, with `Retry-After`. Each worker has its share of the rate. Throws
 * ERR_FILTER_OPTIONS.
 */
export function rateLimit(options: RateLimitOptions, clock: Clock = () => performance.now()): HttpFilter {
  return new RateLimitFilter(options, clock);
}

class RateLimitFilter implements HttpFilter {
  readonly name: string = "rate-limit";
  readonly #options: RateLimitOptions;
  readonly #clock: Clock;
  #buckets: TokenBuckets;
  #digest: (text: string) => string = (text) => text;

  constructor(options: RateLimitOptions, clock: Clock) {
    checkOptions(options);
    this.#options = options;
    this.#clock = clock;
    this.#buckets = makeBuckets(options, 1);
  }

  async onStart(worker: FilterWorker): Promise<void> {
    this.#buckets = makeBuckets(this.#options, worker.count);
    if (this.#options.key !== "header") return;
    const { createHash } = await import("node:crypto");
    // A value may be long, and a secret.
    this.#digest = (text) => createHash("sha256").update(text).digest("base64");
  }

  onRequestHead(exchange: HttpExchange): FilterReply | undefined {
    const waitMs = this.#buckets.take(this.#keyOf(exchange), this.#clock());
    if (waitMs === 0) return undefined;
    const seconds = Math.max(Math.ceil(waitMs / 1000), 1);
    return textReply(exchange, this.#options.status, "Too many requests", { "Retry-After": String(seconds) });
  }

  #keyOf(exchange: HttpExchange): string {
    const { key, header } = this.#options;
    if (key === "all") return "";
    if (key === "client") return clientNetwork(exchange.client);
    const value = exchange.request.fields.get(header);
    return value === null ? "" : this.#digest(value);
  }
}

function makeBuckets({ requests, perMs, burst, maximumKeys }: RateLimitOptions, workers: number): TokenBuckets {
  return new TokenBuckets((perMs / requests) * workers, (burst === 0 ? requests : burst) / workers, maximumKeys);
}

function checkOptions({ requests, perMs, burst, key, header, maximumKeys, status }: RateLimitOptions): void {
  checkInteger("rate-limit", "requests", requests, 1, 1_000_000_000);
  checkInteger("rate-limit", "per_ms", perMs, 1, 2_147_483_647);
  checkInteger("rate-limit", "burst", burst, 0, 1_000_000_000);
  // 2^24 is what a Map holds.
  checkInteger("rate-limit", "maximum_keys", maximumKeys, 1, 16_000_000);
  checkInteger("rate-limit", "status", status, 400, 599);
  if (key === "header" && !isToken(header)) {
    throw optionsError("rate-limit", `header must be the name of a field, not "${header}"`);
  }
}
