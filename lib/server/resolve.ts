/**
 * Turns a target into addresses, once.
 *
 * @module
 */

import { RingwayError } from "../../ffi/errors.ts";
import { ipAddress, type SocketAddress } from "../net/address.ts";
import { isIP } from "../net/ip_version.ts";
import { formatTarget } from "../net/target.ts";
import type { AddressTarget, HostPort, SrvName, Target } from "./config.ts";
import type { NameServer, SrvRecord } from "./name_server.ts";
import { usedRecords } from "./srv_records.ts";

/** A name that could not be resolved. */
export class ResolveError extends RingwayError {
  /** Make an error for a target and the name server's error. */
  constructor(target: Target, cause: unknown) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    super(`Cannot resolve "${nameOf(target)}": ${adviceFor(target, code)} (${code})`, {
      code: "ERR_RESOLVE",
      source: "upstream",
      operation: `resolve ${formatTarget(target)}`,
      cause,
    });
  }
}

function nameOf(target: Target): string {
  if (target.family === "unix") return target.path;
  return target.family === "srv" ? formatTarget(target) : target.host;
}

function adviceFor(target: Target, code: string): string {
  if (code !== "ENOTFOUND" && code !== "ENODATA") return "the name server did not answer as it should";
  if (target.family === "srv") return "it has no SRV record; check the name";
  return "no such host; check the name";
}

/** All addresses of a target. Throws a {@linkcode ResolveError}. */
export async function resolveTarget(target: AddressTarget, nameServer: NameServer): Promise<SocketAddress[]> {
  if (target.family === "unix") return [target];
  if (isIP(target.host) !== 0) return [ipAddress(target.host, target.port)];
  try {
    return (await nameServer.addresses(target.host)).map((address) => ipAddress(address, target.port));
  } catch (error) {
    throw new ResolveError(target, error);
  }
}

/** An address of an endpoint, with the endpoint's share. */
export interface WeightedAddress {
  readonly address: SocketAddress;
  /** Its share beside the others', 1 to 1000. */
  readonly weight: number;
}

/**
 * All addresses of the servers in SRV records, with the records' weights. `addressesOf` is asked for each server.
 * Throws a {@linkcode ResolveError} if there are no records.
 */
export async function resolveSrvName(
  target: SrvName,
  nameServer: NameServer,
  addressesOf: (server: HostPort) => Promise<readonly SocketAddress[]>,
): Promise<WeightedAddress[]> {
  const found = await Promise.all(
    usedRecords(await srvRecordsOf(target, nameServer)).map(async ({ name, port, weight }) => {
      const addresses = await addressesOf({ family: "name", host: name, port });
      return addresses.map((address) => ({ address, weight }));
    }),
  );
  return found.flat();
}

async function srvRecordsOf(target: SrvName, nameServer: NameServer): Promise<readonly SrvRecord[]> {
  try {
    return await nameServer.srvRecords(target.name);
  } catch (error) {
    throw new ResolveError(target, error);
  }
}
