/**
 * A server that is running.
 *
 * @module
 */
import { formatAddress, type SocketAddress } from "../net/address.ts";
import { Timer } from "../ring/timer_wheel.ts";
import type { ServerCore } from "./server_core.ts";

/** What a server has done, and does now. */
export interface HttpServerStatistics {
  /** Connections that were accepted. */
  readonly connections: number;
  /** Connections now. */
  readonly activeConnections: number;
  /** Requests for which a response was due, without those that are no valid requests. */
  readonly requests: number;
  /** Requests whose response is not complete now. */
  readonly activeRequests: number;
  /** Requests that break a rule of HTTP or a limit. */
  readonly badRequests: number;
  /** Requests whose handler threw or returned what can't be sent. */
  readonly handlerErrors: number;
}

const DRAIN_TIMEOUT_MS = 10_000;

/** A server that {@linkcode serve} has started. */
export class HttpServer implements AsyncDisposable {
  /** Where it listens, in the order of the option `listen`, with the ports that the system chose. */
  readonly addresses: readonly SocketAddress[];
  /** Resolves when the server has ended, by whatever. */
  readonly finished: Promise<void>;
  readonly #core: ServerCore;
  readonly #release: () => Promise<void>;
  #resolveFinished: () => void = () => {};
  #draining: Promise<number> | null = null;
  #closing: Promise<void> | null = null;

  /** @internal `release` gives back what the server alone has used. */
  constructor(core: ServerCore, addresses: readonly SocketAddress[], release: () => Promise<void>) {
    this.#core = core;
    this.addresses = addresses;
    this.#release = release;
    this.finished = new Promise((resolve) => {
      this.#resolveFinished = resolve;
    });
  }

  /** The first of its addresses. */
  get address(): SocketAddress {
    const [first] = this.addresses;
    if (first === undefined) throw new RangeError("The server listens nowhere");
    return first;
  }

  /** The first of its addresses as URLs begin, such as `http://127.0.0.1:8000`; that of a unix socket as it is. */
  get origin(): string {
    const text = formatAddress(this.address);
    return this.address.family === "unix" ? text : `http://${text}`;
  }

  /** What it has done, and does now. */
  statistics(): HttpServerStatistics {
    const { counts, connectionCount, requestCount } = this.#core;
    return { ...counts, activeConnections: connectionCount, activeRequests: requestCount };
  }

  /**
   * End in order: accept no more, let requests be served that have begun, and reset what is left after so many
   * milliseconds. Resolves with the number of connections that were reset.
   */
  drain(timeoutMs: number = DRAIN_TIMEOUT_MS): Promise<number> {
    this.#draining ??= this.#drain(timeoutMs);
    return this.#draining;
  }

  async #drain(timeoutMs: number): Promise<number> {
    await this.#core.stopAccepting();
    let cutOff = 0;
    const timer = new Timer(() => {
      cutOff = this.#core.resetAll();
    });
    this.#core.driver.startTimer(timer, timeoutMs);
    await this.#core.empty();
    this.#core.driver.stopTimer(timer);
    await this.close();
    return cutOff;
  }

  /** End at once: all connections are reset. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#core.stopAccepting();
    this.#core.resetAll();
    await this.#core.empty();
    await this.#release();
    this.#resolveFinished();
  }

  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
