/**
 * An HTTP/1.1 reverse proxy on one worker: requests of a listener's connections go to the endpoints of a cluster.
 *
 * @module
 */
import { FIELD_WORDS, Head } from "../../http/head.ts";
import { FIELD_X_REQUEST_ID } from "../../http/known_fields.ts";
import { formatAddress } from "../../net/address.ts";
import type { Connection, ConnectionHandler, Listener, ListenerHandler } from "../../net/connection.ts";
import type { Driver } from "../../net/driver.ts";
import { ConnectionLimit } from "../connection_limit.ts";
import type { ProxyReporter } from "../reporter.ts";
import { STATISTIC, type Statistics } from "../statistics.ts";
import type { AccessLog, LogEntry } from "./access_log.ts";
import { ascii } from "./bytes.ts";
import { Downstream } from "./downstream.ts";
import type { HeadLender } from "./head_reader.ts";
import type { HttpCluster } from "./http_cluster.ts";
import type { HttpProxyOptions } from "./options.ts";
import type { RequestAdditions } from "./request_head.ts";
import { RequestIds } from "./request_ids.ts";
import { RESPONSE_ADDITION_BYTES } from "./response_head.ts";

/** Heads that are kept for reuse. Only connections in the middle of a head have one. */
const SPARE_HEADS = 64;
const DATE_INTERVAL_MS = 500;

/** Serves the connections of listeners. */
export class HttpProxy implements ListenerHandler, HeadLender {
  /** @internal */
  readonly driver: Driver;
  /** @internal */
  readonly cluster: HttpCluster;
  /** @internal */
  readonly options: HttpProxyOptions;
  /** @internal */
  readonly statistics: Statistics;
  /** @internal */
  readonly reporter: ProxyReporter;
  /** @internal A head that is longer than allowed is found to be so within this many bytes. */
  readonly partialHeadBytes: number;
  /** @internal */
  readonly accessLog: AccessLog | null;
  /** @internal Makes ids for requests. */
  readonly requestIds: RequestIds = new RequestIds();
  /** @internal Memory for the head of one response. */
  readonly scratch: Uint8Array;
  readonly #listeners: Listener[] = [];
  readonly #limit: ConnectionLimit;
  readonly #downstreams = new Set<Downstream>();
  readonly #heads: Head[] = [];
  readonly #defaultHost: Uint8Array;
  #date: Uint8Array = new Uint8Array();
  #dateMs = Number.NEGATIVE_INFINITY;
  #isDraining = false;
  #onDrained: (() => void) | null = null;

  /** A proxy without listeners. `limit` is of several proxies, its own is in the options. */
  constructor(
    driver: Driver,
    cluster: HttpCluster,
    options: HttpProxyOptions,
    statistics: Statistics,
    reporter: ProxyReporter,
    limit: ConnectionLimit | null = null,
    accessLog: AccessLog | null = null,
  ) {
    this.driver = driver;
    this.cluster = cluster;
    this.options = options;
    this.statistics = statistics;
    this.reporter = reporter;
    this.accessLog = accessLog;
    this.#limit = new ConnectionLimit(options.maximumConnections, limit);
    this.partialHeadBytes = options.limits.headBytes + 4;
    this.scratch = new Uint8Array(options.limits.headBytes + RESPONSE_ADDITION_BYTES);
    this.#defaultHost = ascii(cluster.cluster.name);
  }

  /** @internal Is the proxy about to end? */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Serve the connections of one more listener, whose handler this is. */
  add(listener: Listener): void {
    this.#listeners.push(listener);
    this.#limit.add(listener);
  }

  onAccept(connection: Connection): ConnectionHandler {
    this.statistics.add(STATISTIC.downstream_connections_total, 1);
    this.statistics.add(STATISTIC.downstream_connections_active, 1);
    const downstream = new Downstream(this, connection);
    this.#downstreams.add(downstream);
    this.#limit.take();
    return downstream;
  }

  onAcceptError(listener: Listener, errno: number): void {
    this.statistics.add(STATISTIC.downstream_accept_errors_total, 1);
    this.reporter.onAcceptError(listener, errno);
  }

  /** Accept no more, and close connections without a request; resolves when no accept is under way any more. */
  async stopAccepting(): Promise<void> {
    this.#isDraining = true;
    this.#limit.stop();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    for (const downstream of this.#downstreams) downstream.drain();
  }

  /** Resolves when no client's connection is left. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#downstreams.size === 0) resolve();
      else this.#onDrained = resolve;
    });
  }

  /** @internal A client's connection is gone. */
  onDownstreamClosed(downstream: Downstream): void {
    if (!this.#downstreams.delete(downstream)) return;
    this.statistics.add(STATISTIC.downstream_connections_active, -1);
    this.#limit.giveBack();
    if (this.#downstreams.size === 0) this.#onDrained?.();
  }

  /** @internal A head to parse into. */
  takeHead(): Head {
    return this.#heads.pop() ?? new Head(this.options.limits);
  }

  /** @internal It is not needed any more. */
  giveHead(head: Head): void {
    head.reset();
    if (this.#heads.length < SPARE_HEADS) this.#heads.push(head);
  }

  /** @internal What a client's requests are given on their way. */
  additionsFor(connection: Connection): RequestAdditions {
    const remote = connection.remoteAddress();
    const client = remote !== null && remote.family !== "unix" ? hostOf(formatAddress(remote)) : "unknown";
    return {
      client: ascii(client),
      defaultHost: this.#defaultHost,
      isTrusted: this.options.trustedHops > 0,
      requestIds: this.requestIds,
    };
  }

  /** @internal Write the id that the request was given, or that it came with, into its entry of the access log. */
  keepRequestId(entry: LogEntry, head: Head, memory: Uint8Array, base: number): void {
    const field = this.options.trustedHops > 0 ? head.findField(FIELD_X_REQUEST_ID) : -1;
    if (field < 0) {
      this.accessLog?.keepRequestId(entry, this.requestIds.bytes, 0, this.requestIds.bytes.length);
      return;
    }
    const at = field * FIELD_WORDS + 2;
    const [start, end] = [head.fields[at] as number, head.fields[at + 1] as number];
    this.accessLog?.keepRequestId(entry, memory, base + start, base + end);
  }

  /** @internal A number from 0 to 1. */
  random(): number {
    return Math.random();
  }

  /** @internal The date for a response, at most half a second old. */
  date(): Uint8Array {
    if (this.driver.nowMs - this.#dateMs >= DATE_INTERVAL_MS) {
      this.#dateMs = this.driver.nowMs;
      this.#date = ascii(new Date().toUTCString());
    }
    return this.#date;
  }
}

/** The host of an address as `formatAddress` writes it, as X-Forwarded-For has it: without brackets. */
function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "");
}
