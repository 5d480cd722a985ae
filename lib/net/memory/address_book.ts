/**
 * Who listens where. Loopback addresses are the same place for all drivers of a network.
 *
 * @module
 */
import { EADDRINUSE, EADDRNOTAVAIL, ENOENT } from "../../../ffi/abi.ts";
import { decodeAddress, encodeAddress, type IpAddress, type SocketAddress } from "../address.ts";
import type { MemoryListener } from "./listener.ts";
import type { Random } from "./random.ts";

/** Ports that are given out for port 0 and to clients, as Linux does (ip_local_port_range in ip(7)). */
const FIRST_PORT = 32768;
const LAST_PORT = 60999;

/** The listeners of a network. */
export class AddressBook {
  readonly #listeners: MemoryListener[] = [];
  readonly #folders: readonly string[];
  #nextPort = FIRST_PORT;

  /** Nobody listens. `folders` are those that unix sockets can be in. */
  constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  /** An errno if a listener can't be at an address, otherwise 0. `hosts` are the addresses of its machine. */
  check(
    address: SocketAddress,
    options: { reusePort: boolean; ipv6Only: boolean },
    hosts: readonly IpAddress[],
  ): number {
    if (address.family === "unix") {
      if (!this.#hasFolder(address.path)) return ENOENT;
    } else if (!isLocal(address, hosts)) {
      return EADDRNOTAVAIL;
    }
    const isTaken = this.#listeners.some(
      (other) => overlaps(address, options.ipv6Only, other) && !(options.reusePort && other.reusePort),
    );
    return isTaken ? EADDRINUSE : 0;
  }

  #hasFolder(path: string): boolean {
    return path.startsWith("@") || this.#folders.some((folder) => path.startsWith(`${folder}/`));
  }

  /** Add a listener. */
  add(listener: MemoryListener): void {
    this.#listeners.push(listener);
  }

  /** Remove a listener. */
  remove(listener: MemoryListener): void {
    const index = this.#listeners.indexOf(listener);
    if (index >= 0) this.#listeners.splice(index, 1);
  }

  /** A port that no listener has. */
  freePort(): number {
    for (let tried = FIRST_PORT; tried <= LAST_PORT; tried++) {
      const port = this.#nextPort;
      this.#nextPort = port === LAST_PORT ? FIRST_PORT : port + 1;
      const isTaken = this.#listeners.some(({ address }) => address.family !== "unix" && address.port === port);
      if (!isTaken) return port;
    }
    throw new RangeError("No port is free");
  }

  /** Who gets a connection to an address: a random one of those that share it, or `null`. */
  find(address: SocketAddress, random: Random): MemoryListener | null {
    const exact = this.#listeners.filter((listener) => isSame(listener.address, address));
    if (exact.length > 0) return random.pick(exact);
    const wild = this.#listeners.filter((listener) => isServedByWildcard(address, listener));
    return wild.length > 0 ? random.pick(wild) : null;
  }
}

/** The one way to write an address, with the wildcard of a target replaced by loopback, as connect(2) does. */
export function canonicalAddress(address: SocketAddress, isTarget: boolean): SocketAddress {
  const canonical = decodeAddress(encodeAddress(address)) ?? address;
  if (!isTarget || canonical.family === "unix" || !isWildcard(canonical)) return canonical;
  return { ...canonical, host: loopback(canonical.family) };
}

/** The loopback address of a family. */
export function loopback(family: IpAddress["family"]): string {
  return family === "ipv4" ? "127.0.0.1" : "::1";
}

/** Is it reached without leaving the machine? */
export function isLoopback(address: IpAddress): boolean {
  return address.family === "ipv4" ? address.host.startsWith("127.") : address.host === "::1";
}

function isWildcard(address: IpAddress): boolean {
  return address.host === (address.family === "ipv4" ? "0.0.0.0" : "::");
}

function isLocal(address: IpAddress, hosts: readonly IpAddress[]): boolean {
  return isWildcard(address) || isLoopback(address) || hosts.some((host) => host.host === address.host);
}

function isSame(a: SocketAddress, b: SocketAddress): boolean {
  if (a.family === "unix" || b.family === "unix") {
    return a.family === "unix" && b.family === "unix" && a.path === b.path;
  }
  return a.host === b.host && a.port === b.port;
}

function isServedByWildcard(address: SocketAddress, listener: MemoryListener): boolean {
  const at = listener.address;
  if (address.family === "unix" || at.family === "unix" || at.port !== address.port || !isWildcard(at)) return false;
  return at.family === address.family || (at.family === "ipv6" && !listener.ipv6Only);
}

function overlaps(address: SocketAddress, ipv6Only: boolean, other: MemoryListener): boolean {
  const at = other.address;
  if (address.family === "unix" || at.family === "unix") return isSame(address, at);
  if (address.port !== at.port) return false;
  if (address.family === at.family) return isSame(address, at) || isWildcard(address) || isWildcard(at);
  const [six, isSixOnly] = address.family === "ipv6" ? [address, ipv6Only] : [at, other.ipv6Only];
  return isWildcard(six) && !isSixOnly;
}
