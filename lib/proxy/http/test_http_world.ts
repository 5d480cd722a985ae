/**
 * A simulation of whole HTTP proxies: clients, a worker, and upstreams on one network.
 *
 * @module
 */
import assert from "node:assert/strict";
import { RingwayError } from "../../../ffi/errors.ts";
import { ipAddress, type SocketAddress } from "../../net/address.ts";
import { MemoryDriver } from "../../net/memory/driver.ts";
import type { Faults } from "../../net/memory/faults.ts";
import { MemoryNetwork } from "../../net/memory/network.ts";
import { Random } from "../../net/memory/random.ts";
import { Timer } from "../../ring/timer_wheel.ts";
import { Cluster } from "../cluster.ts";
import { type ClusterOptions, defaultClusterOptions } from "../cluster_options.ts";
import { STATISTIC, type StatisticName, Statistics } from "../statistics.ts";
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
import { drawExchange, type Exchange, type ExchangePlan } from "./test_exchange.ts";
import { settled } from "./test_http_bench.ts";
import { SimulatedClient } from "./test_http_client.ts";
import { PlannedError, SimulatedFilter } from "./test_http_filter.ts";
import { SimulatedUpstream, type UpstreamGroup, type UpstreamPlan } from "./test_http_upstream.ts";

const LIMITS = { maximumSteps: 3_000_000, maximumMs: 3_600_000 };
/** Clients and upstreams wait for as long as it takes until what they wrote was sent. */
const PATIENT = { writeTimeoutMs: 0 };
const PROXY: SocketAddress = ipAddress("127.0.0.1", 10000);
/** Those of a plan's clusters that get requests, and the one that gets copies. */
export const CLUSTERS = ["simulated", "other"] as const;
export const MIRROR = "mirror";
const OWN_STATUSES = [408, 502, 503, 504];

/** What a seed draws. */
export interface HttpPlan extends ExchangePlan, UpstreamPlan {
  /** What a client sends at once, at the most. */
  readonly sentBytes: number;
  readonly options: Partial<HttpProxyOptions & HttpClusterOptions>;
  readonly oldClientProbability: number;
  readonly clientResetProbability: number;
  readonly faults: Partial<Faults>;
  /** What is special about the route of all requests. */
  readonly route: Partial<RouteOptions>;
  readonly cluster: Partial<ClusterOptions>;
}

/** The proxy, with chances of the simulation's. */
class SimulatedProxy extends HttpProxy {
  /** The source of its chances. */
  chances: Random | null = null;

  override random(): number {
    return (this.chances?.below(1000) ?? 0) / 1000;
  }
}

/** All that a simulation consists of. */
export class HttpWorld {
  readonly random: Random;
  readonly plan: HttpPlan;
  readonly network: MemoryNetwork;
  readonly exchanges: Map<string, Exchange> = new Map();
  readonly clients: SimulatedClient[] = [];
  readonly upstreams: SimulatedUpstream[] = [];
  readonly #statistics: Statistics = new Statistics();
  readonly #clusters: Map<string, HttpCluster> = new Map();
  readonly #worker: MemoryDriver;
  readonly #proxy: SimulatedProxy;
  readonly #filter: SimulatedFilter | null;
  readonly #edited: { readonly request: string; readonly response: string };
  /** The most requests that were under way at the same time. */
  #mostRequests = 0;
  /** What nobody planned. */
  #fault: unknown = null;

  constructor(seed: number, plan: (random: Random) => HttpPlan, traceLines: number) {
    this.random = new Random(seed);
    const { random } = this;
    this.plan = plan(random);
    this.network = new MemoryNetwork({
      seed,
      traceLines,
      capacityBytes: random.pick(this.plan.dataBytes > 1000 ? [4000, 65536] : [200, 8192, 65536]),
      delayMaximumMs: random.pick([0, 3, 20]),
      splitProbability: random.pick([0, 0.3, 1]),
    });
    this.network.faults.set(this.plan.faults);
    const low = random.pick([0, 1000, 16384]);
    this.#worker = new MemoryDriver(this.network, {
      label: "worker",
      connection: {
        writeLowWatermarkBytes: low,
        writeHighWatermarkBytes: low + random.pick([0, 4000, 50_000]),
        writeTimeoutMs: 1000,
      },
      receiveBytes: random.pick(this.plan.dataBytes > 1000 ? [1000, 65536] : [64, 8192, 65536]),
      receiveBuffers: random.pick([64, Number.POSITIVE_INFINITY]),
    });
    for (const [index, name] of [...CLUSTERS, MIRROR].entries()) this.#addCluster(name, 8000 + 10 * index);
    const { route } = this.plan;
    this.#edited = { request: editOf(route.requestHeaders), response: editOf(route.responseHeaders) };
    this.#filter = this.plan.hasFilters ? new SimulatedFilter(this.#worker, random, this.exchanges) : null;
    this.#proxy = new SimulatedProxy({
      driver: this.#worker,
      routes: new RouteTable([anyHost([{ ...plainRoute(CLUSTERS[0]), ...route }])]),
      clusters: this.#clusters,
      options: { ...defaultHttpProxyOptions, maximumConnections: 1000, ...this.plan.options },
      statistics: this.#statistics,
      filters: this.#filter === null ? null : new FilterChain([{ filter: this.#filter, matcher: null }]),
      reporter: {
        onConnectFailed: () => {},
        onNoEndpoint: () => assert.fail("no cluster is empty"),
        onFilterError: (name, error) => this.#onFilterError(name, error),
        onAcceptError: () => {},
      },
    });
    this.#proxy.chances = random;
  }

  #addCluster(name: string, port: number): void {
    const { random, plan } = this;
    const addresses = Array.from({ length: random.between(1, 2) }, (_, index) => ipAddress("127.0.0.1", port + index));
    const states = addresses.map((address) => ({ address, weight: 1, isHealthy: true }));
    const context = { worker: 0, random: () => random.below(1000) / 1000 };
    const cluster = new Cluster(name, { ...defaultClusterOptions, ...plan.cluster }, states, context);
    const options = { ...defaultHttpClusterOptions, pendingTimeoutMs: 0, ...plan.options };
    this.#clusters.set(name, new HttpCluster(this.#worker, cluster, options));
  }

  #onFilterError(name: string, error: unknown): void {
    // The text is that of a filter that takes too long.
    if (error instanceof PlannedError || (typeof error === "string" && name === this.#filter?.name)) return;
    // A body that was being read when its exchange ended.
    if (error instanceof RingwayError && error.code === "ERR_BODY_INCOMPLETE") return;
    this.#fault ??= error;
  }

  /** Start everything. */
  async build(): Promise<void> {
    for (const { cluster } of this.#clusters.values()) {
      const group = this.#group(cluster.name === MIRROR);
      for (const { address } of cluster.endpoints) {
        const driver = new MemoryDriver(this.network, { label: `upstream of ${cluster.name}`, connection: PATIENT });
        await driver.listen(address, {
          onAccept: (connection) => {
            const upstream = new SimulatedUpstream(group, driver, connection);
            this.upstreams.push(upstream);
            return upstream;
          },
        });
      }
    }
    this.#proxy.add(await this.#worker.listen(PROXY, this.#proxy));
    const driver = new MemoryDriver(this.network, { label: "clients", connection: PATIENT });
    const count = this.random.between(1, 8);
    for (let index = 0; index < count; index++) {
      const client = this.#drawClient(driver, index);
      this.clients.push(client);
      const delay = new Timer(() => client.start(driver.connect(PROXY, client)));
      driver.startTimer(delay, this.random.below(300));
    }
  }

  #group(isMirror: boolean): UpstreamGroup {
    const { random, exchanges, plan } = this;
    const { retry = null, rewrite = null } = plan.route;
    return {
      random,
      exchanges,
      plan,
      isMirror,
      isReframed: plan.hasFilters,
      prefix: rewrite?.prefix?.slice(0, -1) ?? "",
      edited: this.#edited.request,
      maximumTries: ({ method, body }) => {
        if (retry !== null && (method !== "POST" || retry.isForAllMethods)) return retry.attempts + 2;
        return body === "" && method !== "POST" ? 2 : 1;
      },
    };
  }

  #drawClient(driver: MemoryDriver, number: number): SimulatedClient {
    const { random, plan } = this;
    const isOld = random.chance(plan.oldClientProbability);
    const exchanges = Array.from({ length: isOld ? 1 : random.between(1, 8) }, (_, index) => {
      const exchange = drawExchange(random, plan, `/${number}/${index}`, isOld);
      this.exchanges.set(exchange.target, exchange);
      return exchange;
    });
    return new SimulatedClient(driver, random, {
      exchanges,
      isPatient: random.chance(0.3),
      pieceBytes: plan.sentBytes,
      pauseProbability: random.pick([0, 0, 0.3]),
      endsEarly: random.chance(0.3),
      ownStatuses: plan.hasFilters ? [...OWN_STATUSES, 413, 500] : OWN_STATUSES,
      edited: this.#edited.response,
      resetAfterMs: random.chance(plan.clientResetProbability) ? random.below(1000) : -1,
    });
  }

  /** Let it run to the end. */
  async run(): Promise<void> {
    const { network } = this;
    await this.#runUntil(() => this.clients.every(({ isClosed }) => isClosed));
    await this.#runUntil(() => this.total("downstream_connections_active") === 0);
    await this.#proxy.stopAccepting();
    for (const cluster of this.#clusters.values()) cluster.drain();
    await this.#proxy.drained();
    const isOver = () => this.#worker.connectionCount === 0 && this.upstreams.every(({ isClosed }) => isClosed);
    await this.#runUntil(() => isOver() && !this.#worker.userCode.isPending);
    network.runUntilIdle(LIMITS);
    this.#filter?.assertOver();
    network.assertNoLeaks();
    assert.equal(this.total("http_requests_active"), 0);
    for (const { activeRequests, activeRetries, cluster } of this.#clusters.values()) {
      assert.equal(activeRequests, 0, cluster.name);
      assert.equal(activeRetries, 0, cluster.name);
      for (const endpoint of cluster.endpoints) assert.equal(endpoint.activeConnections, 0, endpoint.name);
    }
  }

  /** Go on until a condition holds. While user code waits, promises are settled between any two steps. */
  async #runUntil(until: () => boolean): Promise<void> {
    const { network } = this;
    const { userCode } = this.#worker;
    const lastStep = network.steps + LIMITS.maximumSteps;
    const lastMs = network.nowMs + LIMITS.maximumMs;
    while (!until()) {
      if (network.steps > lastStep || network.nowMs > lastMs) throw network.failure("Not at the end");
      if (!network.step() && !network.advance()) throw network.failure("Nothing is left to happen");
      if (userCode.isPending) await settled();
      if (this.#fault !== null) throw network.failure(`A filter found: ${this.#fault}`, this.#fault);
      this.#checkBounds();
    }
  }

  #checkBounds(): void {
    const { bodyBytes, dataBytes, route, options, hasFilters } = this.plan;
    // What is kept to be sent again is sent at once, and so is what a filter has read whole.
    const keptBytes = (route.retry?.bodyBytes ?? 0) + (hasFilters ? bodyBytes + dataBytes + 2000 : 0);
    const bound = this.#worker.connectionOptions.writeHighWatermarkBytes + 2 * this.#worker.receiveBytes + 4096;
    for (const connection of this.#worker.connections) {
      if (connection.queuedBytes <= bound + keptBytes) continue;
      throw this.network.failure(`${connection.name} queues ${connection.queuedBytes} bytes`);
    }
    const { maximumRetries, retryBudget } = { ...defaultHttpClusterOptions, ...options };
    for (const { activeRequests, activeRetries } of this.#clusters.values()) {
      this.#mostRequests = Math.max(this.#mostRequests, activeRequests);
      const budget = Math.ceil(Math.max(retryBudget.minimum, (this.#mostRequests * retryBudget.percent) / 100));
      const most = maximumRetries > 0 ? Math.min(maximumRetries, budget) : budget;
      if (activeRetries < 0 || activeRetries > most) throw this.network.failure(`${activeRetries} retries`);
    }
  }

  /** A number of the worker. */
  total(name: StatisticName): number {
    return new Float64Array(this.#statistics.memory)[STATISTIC[name]] ?? 0;
  }
}

/** The value of the field x-edited that a route sets. */
function editOf(changes: RouteOptions["requestHeaders"] | undefined): string {
  return changes?.set.find(([name]) => name === "x-edited")?.[1] ?? "";
}
