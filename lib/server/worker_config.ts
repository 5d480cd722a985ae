/**
 * What a worker is started with.
 *
 * @module
 */
import type { SocketAddress } from "../net/address.ts";
import type { EndpointState } from "../proxy/endpoint.ts";
import type { ServerConfig } from "./server_config.ts";

/** What a worker is started with: names are resolved, listeners are open. */
export interface WorkerConfig {
  /** Its number, from 0. */
  readonly index: number;
  /** Which driver moves the bytes. */
  readonly driver: "uring" | "default";
  /** From where the shim is loaded; `null` for the `default` driver. */
  readonly libraryPath: string | null;
  /** Its listeners. */
  readonly listeners: readonly WorkerListener[];
  /** The endpoints at first, of each cluster. */
  readonly endpoints: readonly (readonly EndpointState[])[];
  /** Memory for its statistics. */
  readonly statistics: SharedArrayBuffer;
  /** Its share of {@linkcode ServerConfig.maximumConnections}. */
  readonly maximumConnections: number;
  /** `FEATURE_*` bits of the ring that are not to be used. */
  readonly disabledFeatures: number;
  /** The rest of the configuration. */
  readonly server: ServerConfig;
}

/** A listener of a worker. */
export interface WorkerListener {
  /** Which of {@linkcode ServerConfig.listeners} it is of. */
  readonly owner: number;
  readonly address: SocketAddress;
  /** A descriptor that the main thread opened, for the `uring` driver. */
  readonly descriptor?: number;
  /** Does it share the port with other workers' listeners? */
  readonly reusePort: boolean;
}
