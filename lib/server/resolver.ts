/**
 * Keeps the addresses of a cluster's endpoints up to date while a proxy runs.
 *
 * @module
 */

import { formatAddress, type SocketAddress } from "../net/address.ts";
import { isIP } from "../net/ip_version.ts";
import { formatTarget } from "../net/target.ts";
import type { HostPort, SrvName } from "./config.ts";
import type { NameServer } from "./name_server.ts";
import { ResolveError, resolveSrvName, resolveTarget, type WeightedAddress } from "./resolve.ts";
import type { EndpointConfig } from "./server_config.ts";
import { WEIGHT_MAXIMUM } from "./srv_records.ts";

/** How names are resolved. */
export interface ResolverOptions {
  /** How often names are resolved again, in milliseconds; 0: never. */
  readonly intervalMs: number;
  /** What is asked. */
  readonly nameServer: NameServer;
}

/** Told what a {@linkcode Resolver} finds. */
export interface ResolverHandler {
  /** The addresses, or their weights, changed. */
  onAddresses(addresses: readonly WeightedAddress[]): void;
  /** A name that was resolved before can't be now: its last addresses stay in use. Or a server of an SRV record. */
  onResolveError(error: ResolveError): void;
}

/** Resolves the names among endpoints again and again. */
export class Resolver {
  readonly #endpoints: readonly EndpointConfig[];
  readonly #options: ResolverOptions;
  readonly #handler: ResolverHandler;
  readonly #latest = new Map<EndpointConfig, readonly WeightedAddress[]>();
  /** Of the servers in SRV records, by host and port. */
  readonly #latestServers = new Map<string, readonly SocketAddress[]>();
  readonly #failing = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #stopped = false;

  /** A resolver that has not resolved anything yet. */
  constructor(endpoints: readonly EndpointConfig[], options: ResolverOptions, handler: ResolverHandler) {
    this.#endpoints = endpoints;
    this.#options = options;
    this.#handler = handler;
  }

  /** Resolve everything for the first time: each address once. Throws a {@linkcode ResolveError}. */
  async start(): Promise<readonly WeightedAddress[]> {
    const found = await Promise.all(this.#endpoints.map((endpoint) => this.#resolve(endpoint)));
    for (const [index, endpoint] of this.#endpoints.entries()) this.#latest.set(endpoint, found[index] ?? []);
    this.#plan();
    return this.#all();
  }

  /** Resolve no more. */
  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #all(): WeightedAddress[] {
    return unique(this.#endpoints.flatMap((endpoint) => this.#latest.get(endpoint) ?? []));
  }

  #plan(): void {
    const hasNames = this.#endpoints.some(({ target }) => {
      return target.family === "srv" || (target.family === "name" && isIP(target.host) === 0);
    });
    const { intervalMs } = this.#options;
    if (this.#stopped || intervalMs === 0 || !hasNames) return;
    this.#timer = setTimeout(() => void this.#refresh(), intervalMs);
  }

  async #refresh(): Promise<void> {
    const before = fingerprint(this.#all());
    await Promise.all(this.#endpoints.map((endpoint) => this.#refreshEndpoint(endpoint)));
    if (this.#stopped) return;
    const addresses = this.#all();
    if (fingerprint(addresses) !== before) this.#handler.onAddresses(addresses);
    this.#plan();
  }

  async #refreshEndpoint(endpoint: EndpointConfig): Promise<void> {
    const name = formatTarget(endpoint.target);
    try {
      this.#latest.set(endpoint, await this.#resolve(endpoint));
      this.#failing.delete(name);
    } catch (error) {
      this.#report(name, error);
    }
  }

  async #resolve({ target, weight }: EndpointConfig): Promise<WeightedAddress[]> {
    if (target.family === "srv") return await this.#resolveSrv(target, weight);
    const addresses = await resolveTarget(target, this.#options.nameServer);
    return addresses.map((address) => ({ address, weight }));
  }

  async #resolveSrv(target: SrvName, weight: number): Promise<WeightedAddress[]> {
    let failure: unknown = null;
    const addresses = await resolveSrvName(target, this.#options.nameServer, async (server) => {
      try {
        return await this.#resolveServer(server);
      } catch (error) {
        failure = error;
        return this.#latestServers.get(formatTarget(server)) ?? [];
      }
    });
    // One server without an address is left out; a service without any can't be what was meant.
    if (addresses.length === 0 && failure !== null) throw failure;
    return addresses.map((one) => ({ ...one, weight: Math.min(WEIGHT_MAXIMUM, one.weight * weight) }));
  }

  async #resolveServer(server: HostPort): Promise<readonly SocketAddress[]> {
    const name = formatTarget(server);
    try {
      const addresses = await resolveTarget(server, this.#options.nameServer);
      this.#latestServers.set(name, addresses);
      this.#failing.delete(name);
      return addresses;
    } catch (error) {
      this.#report(name, error);
      throw error;
    }
  }

  /** Said once, not at every attempt. */
  #report(name: string, error: unknown): void {
    if (this.#stopped || this.#failing.has(name) || !(error instanceof ResolveError)) return;
    this.#failing.add(name);
    this.#handler.onResolveError(error);
  }
}

/** Each address once, with the largest of its weights: hosts files and records may repeat it. */
function unique(addresses: readonly WeightedAddress[]): WeightedAddress[] {
  const byName = new Map<string, WeightedAddress>();
  for (const one of addresses) {
    const name = formatAddress(one.address);
    const known = byName.get(name);
    if (known === undefined || known.weight < one.weight) byName.set(name, one);
  }
  return [...byName.values()];
}

/** Name servers answer in any order: only another set of addresses and weights is a change. */
function fingerprint(addresses: readonly WeightedAddress[]): string {
  return addresses
    .map(({ address, weight }) => `${formatAddress(address)}=${weight}`)
    .sort()
    .join(" ");
}
