/**
 * The access log, as a filter: the first one of a listener, so that it sees requests as they came and responses as
 * they left.
 *
 * @module
 */
import type { Head } from "../../../http/head.ts";
import { type AccessLog, LogEntry } from "../access_log.ts";
import type { HttpExchange, HttpFilter } from "./filter.ts";
import type { HeadObserver } from "./filter_chain.ts";
import { bytesOf } from "./text.ts";

/** Entries that are kept for reuse. */
const SPARE_ENTRIES = 1024;

/** Writes a line for each exchange that has ended. */
export class AccessLogFilter implements HttpFilter, HeadObserver {
  readonly name = "access-log";
  readonly #log: AccessLog;
  readonly #entries = new Map<HttpExchange, LogEntry>();
  readonly #spare: LogEntry[] = [];

  constructor(log: AccessLog) {
    this.#log = log;
  }

  onRequestBytes(exchange: HttpExchange, head: Head, memory: Uint8Array, base: number): void {
    const entry = this.#take();
    this.#log.begin(entry, head, memory, base);
    this.#entries.set(exchange, entry);
  }

  onEnd(exchange: HttpExchange): void {
    let entry = this.#entries.get(exchange);
    if (entry === undefined) {
      entry = this.#take();
      this.#log.beginUnknown(entry);
    }
    this.#entries.delete(exchange);
    entry.client = bytesOf(exchange.client);
    const requestId = bytesOf(exchange.requestId);
    this.#log.keepRequestId(entry, requestId, 0, requestId.length);
    entry.status = exchange.status;
    entry.flag = exchange.flag;
    if (exchange.upstream !== "") entry.upstream = exchange.upstream;
    entry.receivedBytes = exchange.receivedBytes;
    entry.sentBytes = exchange.sentBytes;
    this.#log.end(entry);
    if (this.#spare.length < SPARE_ENTRIES) this.#spare.push(entry);
  }

  #take(): LogEntry {
    return this.#spare.pop() ?? new LogEntry();
  }
}
