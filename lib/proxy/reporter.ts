/**
 * What an operator may want to read of a proxy's work.
 *
 * @module
 */
import type { Listener } from "../net/connection.ts";
import type { Cluster } from "./cluster.ts";
import type { Endpoint } from "./endpoint.ts";

/** Told what an operator may want to read. */
export interface ProxyReporter {
  /** Connecting to an endpoint failed. */
  onConnectFailed(endpoint: Endpoint, errno: number): void;
  /** A cluster has no endpoint at all, or none that is available. */
  onNoEndpoint(cluster: Cluster): void;
  /** Accepting failed and rests for a while. */
  onAcceptError(listener: Listener, errno: number): void;
}
