/**
 * One server of a cluster.
 *
 * @module
 */
import { formatAddress, type SocketAddress } from "../net/address.ts";

/** One server of a cluster, as one worker sees it. */
export class Endpoint {
  /** Where to connect to. */
  readonly address: SocketAddress;
  /** The address as text. */
  readonly name: string;
  /** Connections to it from this worker, those being made included. */
  activeConnections = 0;

  /** An endpoint without connections. */
  constructor(address: SocketAddress) {
    this.address = address;
    this.name = formatAddress(address);
  }
}
