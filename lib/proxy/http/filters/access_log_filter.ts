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

  onRequestBytes(exchange: HttpExchange, head: Head, memory: Uint8Array, base: number, requestId: Uint8Array): void {
    const entry = this.#take();
    this.#log.begin(entry, head, memory, base);
    this.#log.keepRequestId(entry, requestId);
    this.#entries.set(exchange, entry);
  }

  onEnd(exchange: HttpExchange): void {
    let entry = this.#entries.get(exchange);
    if (entry === undefined) {
      entry = this.#take();
      this.#log.beginUnknown(entry);
    }
    this.#entries.delete(exchange);
    keepClient(entry, exchange.client);
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

/** Most entries serve the same client again. */
function keepClient(entry: LogEntry, client: string): void {
  if (entry.clientText === client) return;
  entry.clientText = client;
  entry.client = bytesOf(client);
}
