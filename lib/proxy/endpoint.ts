/**
 * One server of a cluster.
 *
 * @module
 */
import { formatAddress, type SocketAddress } from "../net/address.ts";
import { OutlierRecord } from "./outlier_record.ts";

/** An endpoint as the main thread tells of it. */
export interface EndpointState {
  /** Where to connect to. */
  readonly address: SocketAddress;
  /** Its share beside the others', 1 to 1000. */
  readonly weight: number;
  /** Did the active health check find it good? Also without a health check. */
  readonly isHealthy: boolean;
  /** Is its first check still to come, so that nothing is known of it? It is not healthy then. */
  readonly isPending?: boolean;
}

/** One server of a cluster, as one worker sees it. Only its cluster changes it, but for the count. */
export class Endpoint {
  /** Where to connect to. */
  readonly address: SocketAddress;
  /** The address as text. */
  readonly name: string;
  /** Its share beside the others', 1 to 1000. */
  weight: number;
  /** Does the active health check find it good? */
  isHealthy: boolean;
  /** Is nothing known of it yet? */
  isPending: boolean;
  /**
   * What it has to do for this worker. TCP: connections, those being made included. HTTP: requests, those that wait for
   * a connection included. Counted by who uses it.
   */
  activeConnections = 0;
  /** Passive health checking. */
  readonly record: OutlierRecord = new OutlierRecord();
  /** May it be picked at present? See `Cluster`. */
  isCandidate = false;
  /** Since when its share grows; minus infinity: it does not have to. */
  slowStartMs: number = Number.NEGATIVE_INFINITY;
  /** Is it none of the cluster's any more? */
  isRemoved = false;

  /** An endpoint without connections. */
  constructor({ address, weight, isHealthy, isPending = false }: EndpointState) {
    this.address = address;
    this.name = formatAddress(address);
    this.weight = weight;
    this.isHealthy = isHealthy;
    this.isPending = isPending;
  }
}
