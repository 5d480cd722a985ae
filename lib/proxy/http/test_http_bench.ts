/**
 * A proxy between clients and upstreams that a test writes out byte by byte, on a simulated network.
 *
 * @module
 */
import { ipAddress, type SocketAddress } from "../../net/address.ts";
import type { Connection, ConnectionHandler } from "../../net/connection.ts";
import { MemoryDriver } from "../../net/memory/driver.ts";
import { MemoryNetwork } from "../../net/memory/network.ts";
import { type Lease, leaseBytes } from "../../ring/lease.ts";
import { Cluster } from "../cluster.ts";
import { defaultClusterOptions } from "../cluster_options.ts";
import { STATISTIC, type StatisticName, Statistics } from "../statistics.ts";
import { ascii } from "./bytes.ts";
import type { HttpFilter } from "./filters/filter.ts";
import { FilterChain } from "./filters/filter_chain.ts";
import { HttpCluster } from "./http_cluster.ts";
import { HttpProxy } from "./http_proxy.ts";
import {
  defaultHttpClusterOptions,
  defaultHttpProxyOptions,
  type HttpClusterOptions,
  type HttpProxyOptions,
} from "./options.ts";
import { anyHost, plainRoute } from "./routing/plain_route.ts";
import type { RouteOptions } from "./routing/route_options.ts";
import { RouteTable } from "./routing/route_table.ts";

const PROXY: SocketAddress = ipAddress("127.0.0.1", 10000);
const UPSTREAM: SocketAddress = ipAddress("127.0.0.1", 8000);

/** One end of a connection: keeps what arrives, does what the test says. */
export class Peer implements ConnectionHandler {
  text = "";
  hasEnded = false;
  isClosed = false;
  connection!: Connection;

  /** Send text. */
  send(text: string): void {
    this.connection.write(leaseBytes(ascii(text)));
  }

  onConnect(): void {}

  onData(_connection: Connection, lease: Lease): void {
    this.text += String.fromCharCode(...lease.bytes());
    lease.release();
  }

  onEnd(): void {
    this.hasEnded = true;
  }

  onDrain(): void {}

  onClose(): void {
    this.isClosed = true;
  }
}

/** What a bench differs in from the plainest proxy. */
export interface BenchOptions {
  readonly route?: Partial<RouteOptions>;
  readonly options?: Partial<HttpProxyOptions & HttpClusterOptions>;
  readonly filters?: readonly Partial<HttpFilter>[];
}

/** See the module. */
export class HttpBench {
  readonly network: MemoryNetwork = new MemoryNetwork({ seed: 1, splitProbability: 0, delayMaximumMs: 0 });
  /** Connections that upstreams accepted, in that order. */
  readonly upstreams: Peer[] = [];
  /** What filters failed with. */
  readonly errors: unknown[] = [];
  readonly worker: MemoryDriver = new MemoryDriver(this.network, { label: "worker" });
  readonly cluster: HttpCluster;
  readonly #statistics: Statistics = new Statistics();
  readonly #proxy: HttpProxy;
  readonly #peers: MemoryDriver = new MemoryDriver(this.network, { label: "peers" });

  private constructor({ route, options, filters = [] }: BenchOptions) {
    const context = { worker: 0, random: () => 0 };
    const states = [{ address: UPSTREAM, weight: 1, isHealthy: true }];
    const cluster = new Cluster("web", defaultClusterOptions, states, context);
    this.cluster = new HttpCluster(this.worker, cluster, { ...defaultHttpClusterOptions, ...options });
    const entries = filters.map((filter) => ({ filter: { name: "of the test", ...filter }, matcher: null }));
    this.#proxy = new HttpProxy({
      driver: this.worker,
      routes: new RouteTable([anyHost([{ ...plainRoute("web"), ...route }])]),
      clusters: new Map([["web", this.cluster]]),
      options: { ...defaultHttpProxyOptions, maximumConnections: 1000, ...options },
      statistics: this.#statistics,
      filters: entries.length === 0 ? null : new FilterChain(entries),
      reporter: {
        onConnectFailed: () => {},
        onNoEndpoint: () => {},
        onFilterError: (_filter, error) => this.errors.push(error),
        onAcceptError: () => {},
      },
    });
  }

  /** A proxy that listens, and an upstream behind it. */
  static async start(options: BenchOptions = {}): Promise<HttpBench> {
    const bench = new HttpBench(options);
    bench.#proxy.add(await bench.worker.listen(PROXY, bench.#proxy));
    await bench.#peers.listen(UPSTREAM, {
      onAccept: (connection) => {
        const peer = new Peer();
        peer.connection = connection;
        bench.upstreams.push(peer);
        return peer;
      },
    });
    return bench;
  }

  /** A client that is connected, and has sent a text. */
  async client(text: string): Promise<Peer> {
    const peer = new Peer();
    peer.connection = this.#peers.connect(PROXY, peer);
    peer.send(text);
    await this.pass();
    return peer;
  }

  /** The upstream's connection of that number. */
  upstream(index: number): Peer {
    const peer = this.upstreams[index];
    if (peer === undefined) throw new RangeError(`No connection ${index} was made to the upstream`);
    return peer;
  }

  /** Let everything happen that does within a time, promises included. */
  async pass(durationMs = 20): Promise<void> {
    const endMs = this.network.nowMs + durationMs;
    while (this.network.nowMs < endMs) {
      this.network.runFor(1);
      await settled();
    }
  }

  /** A number of the worker. */
  total(name: StatisticName): number {
    return new Float64Array(this.#statistics.memory)[STATISTIC[name]] ?? 0;
  }
}

/** Let all promises be settled that can be. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
