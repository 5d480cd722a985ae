/**
 * Connects a {@linkcode Socket}.
 *
 * @module
 */
import type { RingwayError } from "../../ffi/errors.ts";
import { formatAddress, type SocketAddress } from "../net/address.ts";
import type { Driver } from "../net/driver.ts";
import { SocketError } from "../net/errors.ts";
import { Timer } from "../ring/timer_wheel.ts";
import { type AddressLike, resolveAddress } from "./address_like.ts";
import { SocketUseError } from "./errors.ts";
import { Socket } from "./socket.ts";
import { checkMilliseconds, checkSocketOptions, type SocketOptions, setSocketOptions } from "./socket_options.ts";
import { SocketState } from "./socket_state.ts";

/** How to connect. */
export interface SocketConnectOptions extends SocketOptions {
  /** Gives up connecting when it is aborted; without effect once the socket is there. */
  readonly signal?: AbortSignal;
  /** How long it may take, over all addresses of a name, in milliseconds; 0: as long as the kernel tries. */
  readonly timeoutMs?: number;
}

/** Connecting takes no longer, unless said otherwise. */
const DEFAULT_TIMEOUT_MS = 10_000;
const MAXIMUM_TIMEOUT_MS = 2 ** 31 - 1;

/** See `Sockets.connect`. */
export async function connectSocket(
  driver: Driver,
  address: AddressLike,
  options: SocketConnectOptions,
  onProblem: (problem: RingwayError) => void,
): Promise<Socket> {
  const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  checkMilliseconds("connect", "timeoutMs", timeoutMs, MAXIMUM_TIMEOUT_MS);
  checkSocketOptions("connect", options);
  signal?.throwIfAborted();
  const attempt = new Attempt(driver, timeoutMs, signal);
  // The loop of a parked thread lets the runtime resolve names and settle promises.
  driver.userCode.begin();
  try {
    const addresses = await attempt.race(resolveAddress(address, "connect to"));
    let failure: unknown = null;
    for (const one of addresses) {
      try {
        const state = await attempt.connect(one);
        setSocketOptions(state.connection, options);
        return new Socket(state, onProblem);
      } catch (error) {
        if (attempt.isOver) throw error;
        failure = error;
      }
    }
    throw failure;
  } finally {
    attempt.end();
    driver.userCode.end();
  }
}

/** What bounds all attempts: a time and a signal. */
class Attempt {
  readonly #driver: Driver;
  readonly #signal: AbortSignal | undefined;
  readonly #timer: Timer | null;
  /** Settled only by giving up. */
  readonly #givenUp: Promise<never>;
  #giveUp!: (reason: unknown) => void;
  #state: SocketState | null = null;
  /** Was it given up? */
  isOver = false;

  constructor(driver: Driver, timeoutMs: number, signal: AbortSignal | undefined) {
    this.#driver = driver;
    this.#signal = signal;
    this.#givenUp = new Promise((_, reject) => {
      this.#giveUp = (reason) => {
        this.isOver = true;
        this.#state?.connection.reset();
        reject(reason);
      };
    });
    this.#givenUp.catch(() => {});
    this.#timer = timeoutMs === 0 ? null : new Timer(() => this.#giveUp(timedOut(timeoutMs)));
    if (this.#timer !== null) driver.startTimer(this.#timer, timeoutMs);
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  readonly #onAbort = (): void => this.#giveUp(this.#signal?.reason);

  race<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#givenUp]);
  }

  async connect(address: SocketAddress): Promise<SocketState> {
    const connected = new Promise<SocketState>((resolve, reject) => {
      const state = new SocketState(this.#driver, (error) => {
        if (error === null) resolve(state);
        else reject(new SocketError(error.errno, "connect to", formatAddress(address), "upstream"));
      });
      try {
        state.connection = this.#driver.connect(address, state);
      } catch (error) {
        this.#driver.userCode.end();
        throw error;
      }
      this.#state = state;
    });
    connected.catch(() => {});
    return await this.race(connected);
  }

  end(): void {
    if (this.#timer !== null) this.#driver.stopTimer(this.#timer);
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}

function timedOut(timeoutMs: number): SocketUseError {
  const message = `Cannot connect: there was no answer within ${timeoutMs} ms`;
  return new SocketUseError("ERR_SOCKET_TIMEOUT", "connect", message);
}
