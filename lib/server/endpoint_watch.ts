/**
 * Watches the endpoints of one cluster: which addresses they have, and which of them are healthy.
 *
 * @module
 */
import { formatAddress } from "../net/address.ts";
import type { EndpointState } from "../proxy/endpoint.ts";
import type { LogLevel } from "./config.ts";
import { type EndpointHealth, HealthChecker, processEnvironment } from "./health/health_checker.ts";
import type { Probe } from "./health/probe.ts";
import type { NameServer } from "./name_server.ts";
import { Resolver } from "./resolver.ts";
import type { ClusterConfig, ServerConfig } from "./server_config.ts";

/** The endpoints of a cluster, as programs see them. */
export interface ClusterEndpoints {
  /** The cluster's name. */
  readonly cluster: string;
  /** Each address once. */
  readonly endpoints: readonly EndpointHealth[];
}

/** What a watch needs. */
export interface EndpointWatchOptions {
  /** Asks endpoints whether they are good. */
  readonly probe: Probe;
  /** What is asked for addresses. */
  readonly nameServer: NameServer;
  /** Where messages go. */
  readonly log: (level: LogLevel, message: string) => void;
  /** Told when addresses, weights or health changed. */
  readonly onStates: (states: readonly EndpointState[]) => void;
}

/** The watch of one cluster. */
export class EndpointWatch {
  readonly #cluster: ClusterConfig;
  readonly #resolver: Resolver;
  readonly #health: HealthChecker;

  /** A watch that has not begun, of one of the configuration's clusters. */
  constructor(cluster: ClusterConfig, config: ServerConfig, options: EndpointWatchOptions) {
    const { probe, nameServer, log, onStates } = options;
    this.#cluster = cluster;
    const of = config.clusters.length === 1 ? "" : ` of cluster "${cluster.name}"`;
    this.#health = new HealthChecker(
      cluster.healthCheck,
      {
        onStates,
        onHealth: (endpoint, isFirst) => {
          const subject = `endpoint ${endpoint.address} of cluster "${cluster.name}"`;
          if (endpoint.isHealthy) log("info", `${subject} is healthy${isFirst ? "" : " again"}`);
          else log("warning", `${subject} is unhealthy: ${endpoint.lastFailure}`);
        },
      },
      processEnvironment(probe),
    );
    this.#resolver = new Resolver(
      cluster.endpoints,
      { intervalMs: config.dnsRefreshMs, nameServer },
      {
        onAddresses: (addresses) => {
          log(
            "info",
            `the endpoints${of} changed: ${addresses.map(({ address }) => formatAddress(address)).join(", ")}`,
          );
          onStates(this.#health.setEndpoints(addresses));
        },
        onResolveError: (error) => log("warning", `${error.message}; its last addresses stay in use`),
      },
    );
  }

  /** What is known now. */
  get endpoints(): ClusterEndpoints {
    return { cluster: this.#cluster.name, endpoints: this.#health.health };
  }

  /** What is known now, for workers. */
  get states(): readonly EndpointState[] {
    return this.#health.states;
  }

  /**
   * Resolve all names for the first time, then again and again. Throws a ResolveError. What a watch of the same cluster
   * has found out about endpoints is taken over.
   */
  async resolve(earlier: ClusterEndpoints | null = null): Promise<void> {
    const addresses = await this.#resolver.start();
    const unhealthy = earlier?.endpoints.filter(({ isHealthy }) => !isHealthy) ?? [];
    this.#health.setEndpoints(addresses, new Set(unhealthy.map(({ address }) => address)));
  }

  /** Begin to check the endpoints. */
  startChecks(): void {
    this.#health.start();
  }

  /** Watch no more. */
  stop(): void {
    this.#resolver.stop();
    this.#health.stop();
  }
}
