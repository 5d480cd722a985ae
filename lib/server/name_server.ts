/**
 * What is asked for the addresses behind names. A proxy can be given another one than the system's.
 *
 * @module
 */
import { lookup, resolveSrv } from "node:dns/promises";

/** A server of a service, as DNS names it (RFC 2782). */
export interface SrvRecord {
  /** Its host. */
  readonly name: string;
  /** Its port, 0 to 65535. */
  readonly port: number;
  /** Only servers with the lowest number are used, 0 to 65535. */
  readonly priority: number;
  /** Its share beside the others of its priority, 0 to 65535; 0: a very small one. */
  readonly weight: number;
}

/** Knows the addresses behind names. */
export interface NameServer {
  /** All IPv4 and IPv6 addresses of a host. Rejects, with a `code` such as `ENOTFOUND`, when it has none. */
  addresses(host: string): Promise<readonly string[]>;
  /** The SRV records of a name. Rejects in the same way when there are none. */
  srvRecords(name: string): Promise<readonly SrvRecord[]>;
}

/** The hosts file and the name servers of the machine; SRV records are only had from the name servers. */
export const systemNameServer: NameServer = {
  async addresses(host) {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  },
  srvRecords(name) {
    return resolveSrv(name);
  },
};
