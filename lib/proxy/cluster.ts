/**
 * A named group of endpoints that serve the same.
 *
 * @module
 */
import { formatAddress, type SocketAddress } from "../net/address.ts";
import type { Balancer } from "./balancers/balancer.ts";
import { Endpoint } from "./endpoint.ts";

/** A named group of endpoints, as one worker sees it. */
export class Cluster {
  /** Its name in logs and statistics. */
  readonly name: string;
  readonly #balancer: Balancer;
  #endpoints: readonly Endpoint[] = [];

  /** A cluster that has no endpoints yet. */
  constructor(name: string, balancer: Balancer, addresses: readonly SocketAddress[] = []) {
    this.name = name;
    this.#balancer = balancer;
    this.update(addresses);
  }

  /** The endpoints that connections are made to now. */
  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  /** Change the endpoints. Those that stay keep their counts; connections to those that go are left alone. */
  update(addresses: readonly SocketAddress[]): void {
    const known = new Map(this.#endpoints.map((endpoint) => [endpoint.name, endpoint]));
    const names = new Set<string>();
    const endpoints: Endpoint[] = [];
    for (const address of addresses) {
      const name = formatAddress(address);
      if (names.has(name)) continue;
      names.add(name);
      endpoints.push(known.get(name) ?? new Endpoint(address));
    }
    this.#endpoints = endpoints;
  }

  /** The endpoint for a connection, other than those that were tried; `null` if none is left. */
  pick(tried: readonly Endpoint[]): Endpoint | null {
    return this.#balancer.pick(this.#endpoints, tried);
  }
}
