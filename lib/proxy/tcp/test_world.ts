/**
 * A simulation of whole TCP proxies: clients, workers that relay, and upstreams on one network.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ipAddress, type SocketAddress } from "../../net/address.ts";
import { MemoryDriver } from "../../net/memory/driver.ts";
import { MemoryNetwork } from "../../net/memory/network.ts";
import { Random } from "../../net/memory/random.ts";
import { Timer } from "../../ring/timer_wheel.ts";
import { Cluster } from "../cluster.ts";
import type { OutlierOptions } from "../cluster_options.ts";
import { STATISTIC, type StatisticName, Statistics } from "../statistics.ts";
import { BALANCERS, seededRandom } from "../test_endpoints.ts";
import { TcpProxy } from "./tcp_proxy.ts";
import { Peer, type PeerGroup } from "./test_peer.ts";
import type { Plan } from "./test_plans.ts";

const LIMITS = { maximumSteps: 2_000_000, maximumMs: 3_600_000 };
/** Time enough for all timeouts, where peers may never end. */
const STALLED_RUN_MS = 120_000;
const PROXY: SocketAddress = ipAddress("127.0.0.1", 10000);

/** As hasty as can be. */
const OUTLIERS: OutlierOptions = {
  consecutive5xx: 0,
  consecutiveGatewayErrors: 0,
  consecutiveConnectFailures: 1,
  ejectionMs: 50,
  maximumEjectionMs: 400,
  maximumEjectionPercent: 50,
};

/** All that a simulation consists of. */
export class World implements PeerGroup {
  readonly random: Random;
  readonly network: MemoryNetwork;
  readonly plan: Plan;
  readonly peers: Map<number, Peer> = new Map();
  readonly clients: Peer[] = [];
  readonly upstreams: Peer[] = [];
  readonly proxies: TcpProxy[] = [];
  readonly proxyDrivers: MemoryDriver[] = [];
  readonly clusters: Cluster[] = [];
  /** The statistics of each worker. */
  readonly #numbers: Float64Array[] = [];
  readonly #peerDrivers: MemoryDriver[] = [];

  constructor(seed: number, plan: (random: Random) => Plan, traceLines: number) {
    this.random = new Random(seed);
    this.plan = plan(this.random);
    this.network = new MemoryNetwork({
      seed,
      traceLines,
      capacityBytes: this.plan.capacityBytes,
      delayMaximumMs: this.random.pick([0, 3, 40]),
      splitProbability: this.random.pick([0, 0.3, 1]),
      clockJumpProbability: this.plan.clockJumpProbability,
    });
  }

  get hasIdleTimeout(): boolean {
    return this.plan.options.idleTimeoutMs > 0;
  }

  /** Start everything. */
  async build(): Promise<void> {
    const { plan, network } = this;
    const addresses = Array.from({ length: plan.endpoints }, (_, index) => ipAddress("127.0.0.1", 8000 + index));
    network.faults.set(plan.faults);
    for (const address of addresses) {
      network.faults.set(plan.endpointFaults[addresses.indexOf(address)] ?? {}, address);
      await this.#listenUpstream(address);
    }
    for (let worker = 0; worker < plan.workers; worker++) await this.#startWorker(worker, addresses);
    const driver = new MemoryDriver(network, { label: "clients" });
    this.#peerDrivers.push(driver);
    for (let index = 0; index < plan.clients; index++) {
      const client = this.#peer(driver, 1 + index, true);
      this.clients.push(client);
      const delay = new Timer(() => client.start(driver.connect(PROXY, client)));
      driver.startTimer(delay, this.random.below(this.random.pick([1, 500])));
    }
  }

  #peer(driver: MemoryDriver, number: number, isClient: boolean): Peer {
    const peer = new Peer(this, driver, number, this.plan.drawScript(isClient));
    this.peers.set(number, peer);
    return peer;
  }

  async #listenUpstream(address: SocketAddress): Promise<void> {
    const driver = new MemoryDriver(this.network, { label: `upstream ${this.#peerDrivers.length}` });
    this.#peerDrivers.push(driver);
    await driver.listen(address, {
      onAccept: (connection) => {
        const peer = this.#peer(driver, 1_000_000 + this.upstreams.length, false);
        this.upstreams.push(peer);
        return peer.start(connection);
      },
    });
  }

  async #startWorker(number: number, addresses: readonly SocketAddress[]): Promise<void> {
    const { random } = this;
    const low = random.pick([0, 1000, 16384]);
    const driver = new MemoryDriver(this.network, {
      label: `worker ${number}`,
      connection: {
        writeLowWatermarkBytes: low,
        writeHighWatermarkBytes: low + random.pick([0, 4000, 50_000]),
        writeTimeoutMs: 1000,
      },
      receiveBytes: random.pick([64, 8192, 65536]),
      receiveBuffers: random.pick([64, Number.POSITIVE_INFINITY]),
    });
    const statistics = new Statistics();
    const cluster = new Cluster(
      "simulated",
      {
        balancer: random.pick(BALANCERS),
        slowStartMs: random.pick([0, 1000]),
        panicThresholdPercent: 50,
        outliers: random.pick([null, OUTLIERS]),
      },
      addresses.map((address, index) => ({ address, weight: 1 + (index % 2), isHealthy: true })),
      { worker: number, random: seededRandom(number), statistics },
    );
    const proxy = new TcpProxy(driver, cluster, this.plan.options, statistics, {
      onConnectFailed: () => {},
      onNoEndpoint: () => assert.fail("no cluster is empty"),
      onAcceptError: () => {},
    });
    proxy.add(await driver.listen(PROXY, proxy, { reusePort: true }));
    this.proxyDrivers.push(driver);
    this.clusters.push(cluster);
    this.#numbers.push(new Float64Array(statistics.memory));
    this.proxies.push(proxy);
  }

  /** Let it run to the end, looking at each step. */
  async run(): Promise<void> {
    const { network } = this;
    const endMs = network.nowMs + STALLED_RUN_MS;
    network.run(() => {
      this.#checkBounds();
      return this.#haveAllEnded || (this.#isStalled && network.nowMs >= endMs);
    }, LIMITS);
    if (this.#isStalled) {
      // Peers that do not read see their end only when their thread ends; the proxy must not wait for it.
      network.runFor(10_000);
      for (const driver of this.proxyDrivers) assert.equal(driver.connectionCount, 0);
      for (const driver of this.#peerDrivers) await driver.close();
    }
    network.run(() => this.proxyDrivers.every(({ connectionCount }) => connectionCount === 0), LIMITS);
    // What was connected and given up may wait to be accepted by an upstream that rests.
    network.runFor(10_000);
    this.untilPeersEnd();
    for (const proxy of this.proxies) {
      await proxy.stopAccepting();
      await proxy.drained();
    }
    this.#checkEnd();
  }

  /** Let it run until all clients and upstreams have ended, whatever has become of the proxies. */
  untilPeersEnd(): void {
    this.network.run(() => this.#haveAllEnded, LIMITS);
  }

  get #haveAllEnded(): boolean {
    return this.clients.every(({ isClosed }) => isClosed) && this.upstreams.every(({ isClosed }) => isClosed);
  }

  /** May peers stop reading for ever? */
  get #isStalled(): boolean {
    return this.plan.faults.readerStallMaximumMs === Number.POSITIVE_INFINITY;
  }

  #checkBounds(): void {
    const { maximumConnections } = this.plan.options;
    for (const [worker, driver] of this.proxyDrivers.entries()) {
      const queuedBound = driver.connectionOptions.writeHighWatermarkBytes + driver.receiveBytes;
      // The first buffer of a queue is held until the last of its bytes was sent.
      const heldBound = queuedBound + driver.receiveBytes;
      let count = 0;
      for (const connection of driver.connections) {
        count++;
        if (connection.queuedBytes > queuedBound)
          assert.fail(`${connection.name} queues ${connection.queuedBytes} bytes`);
      }
      assert.ok(driver.pool.bytesInUse <= heldBound * count, "what a worker holds is bounded by its connections");
      const active = this.#numbers[worker]?.[STATISTIC.downstream_connections_active] ?? 0;
      assert.ok(active <= maximumConnections, "no more connections than the maximum");
    }
  }

  #checkEnd(): void {
    this.network.assertNoLeaks();
    for (const peer of this.peers.values()) {
      const { other } = peer;
      // Without an error only what was complete, or ended here, has ended.
      const hasEndedItself = this.#isStalled || peer.ending === "close" || peer.ending === "reset";
      if (peer.errno === 0) assert.ok(peer.isComplete || hasEndedItself);
      if (other === null) continue;
      assert.ok(other.other === peer || other.other === null);
      assert.ok(peer.received <= other.sent);
      const areComplete = peer.isComplete && other.isComplete && !this.hasIdleTimeout;
      if (areComplete) assert.equal(peer.received, other.sent);
    }
    assert.equal(this.total("downstream_connections_active"), 0);
    for (const cluster of this.clusters) {
      for (const endpoint of cluster.endpoints) assert.equal(endpoint.activeConnections, 0, endpoint.name);
    }
    const received = this.clients.reduce((all, { received }) => all + received, 0);
    assert.ok(received <= this.total("downstream_bytes_sent_total"));
  }

  /** A number of all workers together. */
  total(name: StatisticName): number {
    return this.#numbers.reduce((all, numbers) => all + (numbers[STATISTIC[name]] ?? 0), 0);
  }
}
