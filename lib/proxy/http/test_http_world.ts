/**
 * A simulation of whole HTTP proxies: clients, a worker, and upstreams on one network.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ipAddress, type SocketAddress } from "../../net/address.ts";
import { MemoryDriver } from "../../net/memory/driver.ts";
import type { Faults } from "../../net/memory/faults.ts";
import { MemoryNetwork } from "../../net/memory/network.ts";
import { Random } from "../../net/memory/random.ts";
import { Timer } from "../../ring/timer_wheel.ts";
import { Cluster } from "../cluster.ts";
import { defaultClusterOptions } from "../cluster_options.ts";
import { STATISTIC, type StatisticName, Statistics } from "../statistics.ts";
import { HttpCluster } from "./http_cluster.ts";
import { HttpProxy } from "./http_proxy.ts";
import {
  defaultHttpClusterOptions,
  defaultHttpProxyOptions,
  type HttpClusterOptions,
  type HttpProxyOptions,
} from "./options.ts";
import { drawExchange, type Exchange, type ExchangePlan } from "./test_exchange.ts";
import { SimulatedClient } from "./test_http_client.ts";
import { SimulatedUpstream, type UpstreamGroup, type UpstreamPlan } from "./test_http_upstream.ts";

const LIMITS = { maximumSteps: 3_000_000, maximumMs: 3_600_000 };
/** Clients and upstreams wait for as long as it takes until what they wrote was sent. */
const PATIENT = { writeTimeoutMs: 0 };
const PROXY: SocketAddress = ipAddress("127.0.0.1", 10000);

/** What a seed draws. */
export interface HttpPlan extends ExchangePlan, UpstreamPlan {
  /** What a client sends at once, at the most. */
  readonly sentBytes: number;
  readonly options: Partial<HttpProxyOptions & HttpClusterOptions>;
  readonly oldClientProbability: number;
  readonly clientResetProbability: number;
  readonly faults: Partial<Faults>;
}

/** All that a simulation consists of. */
export class HttpWorld implements UpstreamGroup {
  readonly random: Random;
  readonly plan: HttpPlan;
  readonly network: MemoryNetwork;
  readonly exchanges: Map<string, Exchange> = new Map();
  readonly clients: SimulatedClient[] = [];
  readonly upstreams: SimulatedUpstream[] = [];
  readonly #statistics: Statistics = new Statistics();
  readonly #cluster: Cluster;
  readonly #httpCluster: HttpCluster;
  readonly #worker: MemoryDriver;
  readonly #proxy: HttpProxy;
  readonly #addresses: readonly SocketAddress[];

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
    this.#addresses = Array.from({ length: random.between(1, 2) }, (_, index) => ipAddress("127.0.0.1", 8000 + index));
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
    const states = this.#addresses.map((address) => ({ address, weight: 1, isHealthy: true }));
    this.#cluster = new Cluster("simulated", defaultClusterOptions, states, { worker: 0, random: () => 0 });
    const options = { ...defaultHttpProxyOptions, maximumConnections: 1000, ...this.plan.options };
    const clusterOptions = { ...defaultHttpClusterOptions, pendingTimeoutMs: 0, ...this.plan.options };
    this.#httpCluster = new HttpCluster(this.#worker, this.#cluster, clusterOptions);
    this.#proxy = new HttpProxy(this.#worker, this.#httpCluster, options, this.#statistics, {
      onConnectFailed: () => {},
      onNoEndpoint: () => assert.fail("no cluster is empty"),
      onAcceptError: () => {},
    });
  }

  /** Start everything. */
  async build(): Promise<void> {
    for (const address of this.#addresses) {
      const driver = new MemoryDriver(this.network, { label: "upstream", connection: PATIENT });
      await driver.listen(address, {
        onAccept: (connection) => {
          const upstream = new SimulatedUpstream(this, driver, connection);
          this.upstreams.push(upstream);
          return upstream;
        },
      });
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
      resetAfterMs: random.chance(plan.clientResetProbability) ? random.below(1000) : -1,
    });
  }

  /** Let it run to the end. */
  async run(): Promise<void> {
    const { network } = this;
    network.run(() => {
      this.#checkBounds();
      return this.clients.every(({ isClosed }) => isClosed);
    }, LIMITS);
    network.run(() => this.total("downstream_connections_active") === 0, LIMITS);
    await this.#proxy.stopAccepting();
    this.#httpCluster.drain();
    await this.#proxy.drained();
    network.run(() => this.#worker.connectionCount === 0 && this.upstreams.every(({ isClosed }) => isClosed), LIMITS);
    network.runFor(10_000);
    network.assertNoLeaks();
    assert.equal(this.total("http_requests_active"), 0);
    assert.equal(this.#httpCluster.activeRequests, 0);
    for (const endpoint of this.#cluster.endpoints) assert.equal(endpoint.activeConnections, 0, endpoint.name);
  }

  #checkBounds(): void {
    const bound = this.#worker.connectionOptions.writeHighWatermarkBytes + 2 * this.#worker.receiveBytes + 4096;
    for (const connection of this.#worker.connections) {
      if (connection.queuedBytes > bound) assert.fail(`${connection.name} queues ${connection.queuedBytes} bytes`);
    }
  }

  /** A number of the worker. */
  total(name: StatisticName): number {
    return new Float64Array(this.#statistics.memory)[STATISTIC[name]] ?? 0;
  }
}
