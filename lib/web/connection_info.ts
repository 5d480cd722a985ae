/**
 * The addresses of a connection, asked for only if somebody wants to know.
 *
 * @module
 */
import type { SocketAddress } from "../net/address.ts";
import type { Connection } from "../net/connection.ts";
import type { ServeInfo } from "./serve_options.ts";

/** See the module. One for all requests of a connection. */
export class ConnectionInfo implements ServeInfo {
  readonly #connection: Connection;
  #remote: SocketAddress | null = null;
  #local: SocketAddress | null = null;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get remoteAddress(): SocketAddress | null {
    this.#remote ??= this.#connection.remoteAddress();
    return this.#remote;
  }

  get localAddress(): SocketAddress | null {
    this.#local ??= this.#connection.localAddress();
    return this.#local;
  }
}
