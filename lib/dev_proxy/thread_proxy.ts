/**
 * A whole proxy in the thread that starts it, on the runtime's own loop: what filters do there is part of the program,
 * with all that it knows.
 *
 * @module
 */
import type { SocketAddress } from "../net/address.ts";
import type { RequestedInterface } from "../net/socket_interface.ts";
import type { FilterChain } from "../proxy/http/filters/filter_chain.ts";
import { Statistics } from "../proxy/statistics.ts";
import type { LogLevel } from "../server/config.ts";
import { EndpointWatch } from "../server/endpoint_watch.ts";
import { createProbe } from "../server/health/create_probe.ts";
import { systemNameServer } from "../server/name_server.ts";
import { resolveTarget } from "../server/resolve.ts";
import type { ServerConfig } from "../server/server_config.ts";
import { type ListenerProxy, WorkerProxies } from "../server/worker_proxies.ts";
import { openSockets, type Sockets } from "../sockets/sockets.ts";

/** What a thread's proxy has besides its configuration. */
export interface ThreadProxyOptions {
  readonly socketInterface: RequestedInterface;
  /** Of each listener. */
  readonly filters: readonly (FilterChain | null)[];
  readonly log: (level: LogLevel, message: string) => void;
}

/** See the module. */
export class ThreadProxy {
  /** Where it listens. */
  readonly addresses: readonly SocketAddress[];
  readonly #sockets: Sockets;
  readonly #watches: readonly EndpointWatch[];
  readonly #options: ThreadProxyOptions;

  private constructor(
    addresses: readonly SocketAddress[],
    sockets: Sockets,
    watches: readonly EndpointWatch[],
    options: ThreadProxyOptions,
  ) {
    this.addresses = addresses;
    this.#sockets = sockets;
    this.#watches = watches;
    this.#options = options;
  }

  /** Start it. Throws a RingwayError that says what is wrong and what to do. */
  static async start(config: ServerConfig, options: ThreadProxyOptions): Promise<ThreadProxy> {
    const { socketInterface, filters, log } = options;
    const onProblem = ({ message }: Error) => log("warning", message);
    const sockets = await openSockets({ socketInterface, ioUring: config.ioUring, onProblem });
    const { driver } = sockets;
    let proxies: WorkerProxies | null = null;
    const watches: EndpointWatch[] = [];
    for (const [index, cluster] of config.clusters.entries()) {
      const onStates: ConstructorParameters<typeof EndpointWatch>[2]["onStates"] = (states) =>
        proxies?.setEndpoints(index, states);
      const probe = await createProbe(cluster.healthCheck);
      watches.push(new EndpointWatch(cluster, config, { probe, nameServer: systemNameServer, log, onStates }));
    }
    try {
      await Promise.all(watches.map((watch) => watch.resolve()));
      const statistics = new Statistics();
      proxies = new WorkerProxies(
        {
          index: 0,
          driver: driver.name === "uring" ? "uring" : "default",
          libraryPath: null,
          listeners: [],
          endpoints: watches.map(({ states }) => states),
          statistics: statistics.memory,
          maximumConnections: config.maximumConnections || Number.MAX_SAFE_INTEGER,
          disabledFeatures: 0,
          server: config,
        },
        { driver, statistics, filters, balancers: [], log },
      );
      for (const chain of filters) await chain?.start({ index: 0, count: 1, log });
      const addresses: SocketAddress[] = [];
      for (const [owner, { listen }] of config.listeners.entries()) {
        for (const target of listen) {
          const [address] = await resolveTarget(target, systemNameServer);
          if (address === undefined) continue;
          const proxy = proxies.proxies[owner] as ListenerProxy;
          const listener = await driver.listen(address, proxy, { backlog: config.backlog, acceptSingly: true });
          proxy.add(listener);
          addresses.push(listener.address);
        }
      }
      for (const watch of watches) watch.startChecks();
      return new ThreadProxy(addresses, sockets, watches, options);
    } catch (error) {
      for (const watch of watches) watch.stop();
      await sockets.close();
      throw error;
    }
  }

  /** Close everything at once. */
  async close(): Promise<void> {
    for (const watch of this.#watches) watch.stop();
    await this.#sockets.close();
    const { filters, log } = this.#options;
    for (const chain of filters) {
      await chain?.stop((filter, error) => log("error", `filter ${filter}: ${error}`));
    }
  }
}
