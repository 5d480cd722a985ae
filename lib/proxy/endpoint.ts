/**
 * One server of a cluster.
 *
 * @module
 */
import { formatAddress, type SocketAddress } from "../net/address.ts";

/** An endpoint as the main thread tells of it. */
export interface EndpointState {
  /** Where to connect to. */
  readonly address: SocketAddress;
  /** Its share beside the others', 1 to 1000. */
  readonly weight: number;
  /** Did the active health check find it good? Also without a health check. */
  readonly isHealthy: boolean;
}

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
