/**
 * What the connections of a server have in common.
 *
 * @module
 */

import { formatAddress } from "../net/address.ts";
import type { Connection, ConnectionHandler, Listener, ListenerHandler } from "../net/connection.ts";
import type { Driver } from "../net/driver.ts";
import { SocketError } from "../net/errors.ts";
import { ConnectionLimit } from "../proxy/connection_limit.ts";
import { HeadPool } from "../proxy/http/head_pool.ts";
import { HttpDate } from "../proxy/http/http_date.ts";
import { HttpServerError } from "./errors.ts";
import { HeadWriter } from "./head_writer.ts";
import type { CompleteServeOptions, ServeHandler } from "./serve_options.ts";
import { ServerConnection } from "./server_connection.ts";

/** What is counted. */
export interface ServerCounts {
  connections: number;
  requests: number;
  badRequests: number;
  handlerErrors: number;
}

/** Accepts connections and knows which there are. */
export class ServerCore implements ListenerHandler {
  readonly driver: Driver;
  readonly handler: ServeHandler;
  readonly options: CompleteServeOptions;
  readonly heads: HeadPool;
  readonly writer: HeadWriter = new HeadWriter();
  readonly date: HttpDate;
  readonly counts: ServerCounts = { connections: 0, requests: 0, badRequests: 0, handlerErrors: 0 };
  readonly #connections = new Set<ServerConnection>();
  readonly #listeners: Listener[] = [];
  readonly #limit: ConnectionLimit;
  #isDraining = false;
  #onEmpty: (() => void) | null = null;

  constructor(driver: Driver, handler: ServeHandler, options: CompleteServeOptions) {
    this.driver = driver;
    this.handler = handler;
    this.options = options;
    this.heads = new HeadPool(options.limits);
    this.date = new HttpDate(driver);
    this.#limit = new ConnectionLimit(options.maximumConnections);
  }

  /** Is the server about to end? */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Connections now. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Requests whose response is not complete. */
  get requestCount(): number {
    let count = 0;
    for (const connection of this.#connections) if (connection.isBusy) count++;
    return count;
  }

  /** One more listener, whose handler this is. */
  add(listener: Listener): void {
    this.#listeners.push(listener);
    this.#limit.add(listener);
  }

  onAccept(connection: Connection): ConnectionHandler {
    this.counts.connections++;
    const accepted = new ServerConnection(this, connection);
    this.#connections.add(accepted);
    this.#limit.take();
    return accepted;
  }

  onAcceptError(listener: Listener, errno: number): void {
    const cause = new SocketError(errno, "accept on", formatAddress(listener.address));
    this.report(new HttpServerError("ERR_ACCEPT", cause.message, cause));
  }

  /** Tell what no client is told. */
  report(problem: HttpServerError): void {
    this.options.onProblem(problem);
  }

  /** Accept no more, and close connections without a request. */
  async stopAccepting(): Promise<void> {
    this.#isDraining = true;
    this.#limit.stop();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    for (const connection of this.#connections) connection.drain();
  }

  /** Resolves when no connection is left. */
  empty(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#connections.size === 0) resolve();
      else this.#onEmpty = resolve;
    });
  }

  /** Reset what is left. How many connections that were. */
  resetAll(): number {
    const count = this.#connections.size;
    for (const { connection } of this.#connections) connection.reset();
    return count;
  }

  onConnectionClosed(connection: ServerConnection): void {
    if (!this.#connections.delete(connection)) return;
    this.#limit.giveBack();
    if (this.#connections.size === 0) this.#onEmpty?.();
  }
}
