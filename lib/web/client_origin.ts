/**
 * An origin, such as `http://example.com:8080`: its addresses, and the connections to them.
 *
 * @module
 */
import { formatAddress, type SocketAddress } from "../net/address.ts";
import type { Driver } from "../net/driver.ts";
import { Cluster } from "../proxy/cluster.ts";
import { defaultClusterOptions } from "../proxy/cluster_options.ts";
import type { Endpoint } from "../proxy/endpoint.ts";
import { HttpCluster } from "../proxy/http/http_cluster.ts";
import type { HttpClusterOptions } from "../proxy/http/options.ts";
import type { UpstreamPool } from "../proxy/http/upstream_pool.ts";
import { resolveAddress } from "../sockets/address_like.ts";
import { HttpClientError } from "./errors.ts";

/** For so long a name's addresses are taken to be the same. */
const RESOLVED_MS = 30_000;
const HTTP_PORT = 80;

/** See the module. */
export class ClientOrigin {
  /** As in a URL. */
  readonly name: string;
  /** Requests that are under way. */
  activeRequests = 0;
  readonly #driver: Driver;
  readonly #address: string;
  readonly #cluster: HttpCluster;
  #resolvedMs = Number.NEGATIVE_INFINITY;
  #resolving: Promise<void> | null = null;
  /** The address that the last connection was made to comes first. */
  #preferred = "";

  constructor(driver: Driver, url: URL, options: HttpClusterOptions) {
    this.#driver = driver;
    this.name = url.origin;
    this.#address = `${url.hostname}:${url.port === "" ? HTTP_PORT : url.port}`;
    const context = { worker: 0, random: Math.random };
    this.#cluster = new HttpCluster(driver, new Cluster(this.name, defaultClusterOptions, [], context), options);
  }

  /** Its addresses, in the order in which to try them; a promise if they have to be looked up. */
  endpoints(): readonly Endpoint[] | Promise<readonly Endpoint[]> {
    if (this.#driver.nowMs - this.#resolvedMs < RESOLVED_MS) return this.#inOrder();
    this.#resolving ??= this.#resolve();
    return this.#resolving.then(() => this.#inOrder());
  }

  async #resolve(): Promise<void> {
    this.#driver.userCode.begin();
    try {
      const addresses = await resolveAddress(this.#address, "connect");
      this.#update(addresses);
      this.#resolvedMs = this.#driver.nowMs;
    } catch (error) {
      throw new HttpClientError("ERR_NAME", `Cannot fetch from ${this.name}: its name can't be resolved`, error);
    } finally {
      this.#resolving = null;
      this.#driver.userCode.end();
    }
  }

  #update(addresses: readonly SocketAddress[]): void {
    const states = addresses.map((address) => ({ address, weight: 1, isHealthy: true }));
    this.#cluster.cluster.update(states, this.#driver.nowMs);
    this.#cluster.onEndpoints();
  }

  #inOrder(): readonly Endpoint[] {
    const { endpoints } = this.#cluster.cluster;
    if (endpoints.length < 2 || endpoints[0]?.name === this.#preferred) return endpoints;
    return [...endpoints].sort((one, other) => this.#rank(one) - this.#rank(other));
  }

  #rank({ name }: Endpoint): number {
    return name === this.#preferred ? 0 : 1;
  }

  /** A connection to that address came about. */
  prefer({ address }: Endpoint): void {
    this.#preferred = formatAddress(address);
  }

  /** The connections to an address. */
  poolFor(endpoint: Endpoint): UpstreamPool {
    return this.#cluster.poolFor(endpoint);
  }

  /** Is nothing left of it? */
  get isUnused(): boolean {
    const { endpoints } = this.#cluster.cluster;
    return this.activeRequests === 0 && endpoints.every((endpoint) => this.poolFor(endpoint).isEmpty);
  }

  /** Close connections without a request, now and from now on. */
  close(): void {
    this.#cluster.drain();
  }
}
