/**
 * An HTTP/1.1 reverse proxy on one worker: requests of listeners' connections are routed to clusters.
 *
 * @module
 */
import { RingwayError } from "../../../ffi/errors.ts";
import { type Head, valueEnd, valueStart } from "../../http/head.ts";
import { FIELD_X_REQUEST_ID } from "../../http/known_fields.ts";
import type { Connection, ConnectionHandler, Listener, ListenerHandler } from "../../net/connection.ts";
import type { Driver } from "../../net/driver.ts";
import { ConnectionLimit } from "../connection_limit.ts";
import type { ProxyReporter } from "../reporter.ts";
import { STATISTIC, type Statistics } from "../statistics.ts";
import { ascii } from "./bytes.ts";
import { Downstream } from "./downstream.ts";
import type { FilterChain } from "./filters/filter_chain.ts";
import { HeadPool } from "./head_pool.ts";
import type { HeadLender } from "./head_reader.ts";
import type { HttpCluster } from "./http_cluster.ts";
import { HttpDate } from "./http_date.ts";
import type { HttpProxyOptions } from "./options.ts";
import { clientLines, type RequestAdditions, RequestChanges } from "./request_head.ts";
import { RequestIds } from "./request_ids.ts";
import { RESPONSE_ADDITION_BYTES } from "./response_head.ts";
import type { RouteTable } from "./routing/route_table.ts";

const NOTHING: Uint8Array = new Uint8Array();

/** Says whether the worker has too much to do. */
export interface OverloadState {
  /** Is a new request to be answered with 503? */
  shouldRefuse(): boolean;
}

/** What a proxy consists of. */
export interface HttpProxyParts {
  readonly driver: Driver;
  /** Which requests go where. */
  readonly routes: RouteTable;
  /** All clusters that routes name. */
  readonly clusters: ReadonlyMap<string, HttpCluster>;
  readonly options: HttpProxyOptions;
  readonly statistics: Statistics;
  readonly reporter: ProxyReporter;
  /** For the connections of several proxies; its own limit is in the options. */
  readonly limit?: ConnectionLimit | null;
  /** `null`: none. */
  readonly filters?: FilterChain | null;
  /** Says that the worker has too much to do. */
  readonly overload?: OverloadState | null;
}

/** Serves the connections of listeners. */
export class HttpProxy implements ListenerHandler, HeadLender {
  /** @internal */
  readonly driver: Driver;
  /** @internal */
  readonly routes: RouteTable;
  /** @internal */
  readonly clusters: ReadonlyMap<string, HttpCluster>;
  /** @internal */
  readonly options: HttpProxyOptions;
  /** @internal */
  readonly statistics: Statistics;
  /** @internal */
  readonly reporter: ProxyReporter;
  /** @internal */
  readonly filters: FilterChain | null;
  /** @internal */
  readonly overload: OverloadState | null;
  /** @internal A head that is longer than allowed is found to be so within this many bytes. */
  readonly partialHeadBytes: number;
  /** @internal Makes ids for requests. */
  readonly requestIds: RequestIds = new RequestIds();
  /** @internal Memory for the head of one response. */
  readonly scratch: Uint8Array;
  /** @internal What is changed about the request that is being forwarded. */
  readonly changes: RequestChanges = new RequestChanges();
  readonly #listeners: Listener[] = [];
  readonly #limit: ConnectionLimit;
  readonly #downstreams = new Set<Downstream>();
  readonly #heads: HeadPool;
  readonly #date: HttpDate;
  #isDraining = false;
  #drainIdleMs = 0;
  #onDrained: (() => void) | null = null;

  /** A proxy without listeners. */
  constructor(parts: HttpProxyParts) {
    const { options, routes } = parts;
    this.driver = parts.driver;
    this.routes = routes;
    this.clusters = parts.clusters;
    this.options = options;
    this.statistics = parts.statistics;
    this.reporter = parts.reporter;
    this.filters = parts.filters ?? null;
    this.overload = parts.overload ?? null;
    this.#limit = new ConnectionLimit(options.maximumConnections, parts.limit ?? null);
    this.#heads = new HeadPool(options.limits);
    this.#date = new HttpDate(this.driver);
    this.partialHeadBytes = this.#heads.partialHeadBytes;
    const editBytes = Math.max(0, ...routes.routes.map(({ responseHeaders }) => responseHeaders?.maximumBytes ?? 0));
    this.scratch = new Uint8Array(options.limits.headBytes + RESPONSE_ADDITION_BYTES + editBytes);
  }

  /** @internal Is the proxy about to end? */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** @internal How long a connection may be without a request at present; 0: without limit. */
  get keepAliveTimeoutMs(): number {
    return this.#isDraining ? this.#drainIdleMs : this.options.keepAliveTimeoutMs;
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

  /** Accept what waits at the listeners, if anything does. */
  acceptAgain(): void {
    this.#limit.acceptAgain();
  }

  /**
   * Accept no more, and close connections without a request, which they may still send within `idleMs`. Resolves when
   * no accept is under way any more.
   */
  async stopAccepting(idleMs = 0): Promise<void> {
    this.#isDraining = true;
    this.#drainIdleMs = idleMs;
    this.#limit.stop();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    for (const downstream of this.#downstreams) downstream.drain(idleMs);
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
    return this.#heads.takeHead();
  }

  /** @internal It is not needed any more. */
  giveHead(head: Head): void {
    this.#heads.giveHead(head);
  }

  /** @internal A cluster that a route names. */
  clusterNamed(name: string): HttpCluster {
    const cluster = this.clusters.get(name);
    if (cluster !== undefined) return cluster;
    const failure = { code: "ERR_CONFIG", source: "internal", operation: "forward a request" } as const;
    throw new RingwayError(`No cluster is named "${name}"`, failure);
  }

  /** @internal What a client's requests are given on their way. */
  additionsFor(connection: Connection): RequestAdditions {
    const remote = connection.remoteAddress();
    const clientText = remote !== null && remote.family !== "unix" ? remote.host : "unknown";
    const forwardedFor = clientText.includes(":") ? `"[${clientText}]"` : clientText;
    const { trustedHops, writesForwarded } = this.options;
    const client = ascii(clientText);
    return {
      clientText,
      client,
      lines: clientLines(client),
      forwardedFor: writesForwarded ? ascii(forwardedFor) : NOTHING,
      isTrusted: trustedHops > 0,
      isForwardedWritten: writesForwarded,
      requestIds: this.requestIds,
    };
  }

  /** @internal The id of a request: the one that it came with, if that is believed, or a new one. */
  requestIdOf(head: Head, memory: Uint8Array, base: number): Uint8Array {
    const field = this.options.trustedHops > 0 ? head.findField(FIELD_X_REQUEST_ID) : -1;
    if (field < 0) return this.requestIds.next().slice();
    return memory.slice(valueStart(head, base, field), valueEnd(head, base, field));
  }

  /** @internal User code waits for this: the runtime has to have its turns until it is settled. */
  track(promise: Promise<unknown>): void {
    // Whoever waits for it handles its rejection: what is left is a mistake of the proxy's own.
    this.driver.userCode.track(promise).catch((error) => this.reporter.onFilterError("(a bug)", error));
  }

  /** @internal A number from 0 to 1. */
  random(): number {
    return Math.random();
  }

  /** @internal The date for a response, at most half a second old. */
  date(): Uint8Array {
    return this.#date.bytes();
  }
}
