/**
 * A connection in the form that feels native: promises, async iteration, Web Streams.
 *
 * @module
 */
import type { RingwayError } from "../../ffi/errors.ts";
import { formatAddress, type SocketAddress } from "../net/address.ts";
import { isDetached } from "../net/detached.ts";
import { SocketUseError } from "./errors.ts";
import { checkSocketOptions } from "./socket_options.ts";
import type { SocketState } from "./socket_state.ts";

/** What is known of a socket that nobody refers to any more. */
interface Forgotten {
  readonly state: SocketState;
  readonly onProblem: (problem: RingwayError) => void;
  readonly name: string;
}

const forgotten: FinalizationRegistry<Forgotten> = new FinalizationRegistry(({ state, onProblem, name }) => {
  if (state.isOver || state.isGivenUp) return;
  state.giveUp(false);
  const message = `A socket (${name}) was forgotten, and is closed now: call close(), or declare it with "await using"`;
  onProblem(new SocketUseError("ERR_SOCKET_FORGOTTEN", "collect a socket", message));
});

const encoder: TextEncoder = new TextEncoder();

/**
 * A connection. It is read by one of: {@linkcode read}, `for await`, or {@linkcode readable}; and written by
 * {@linkcode write} or {@linkcode writable}. One that is not closed is closed when it is collected as garbage, with a
 * warning.
 *
 * @example
 * ```ts
 * import { openSockets } from "@ringway/proxy/sockets";
 *
 * await using sockets = await openSockets();
 * const listener = await sockets.listen("127.0.0.1:0");
 * const [client, server] = await Promise.all([sockets.connect(listener.address), listener.accept()]);
 * await client.write("hello\n");
 * await client.end();
 * if (server !== null) for await (const bytes of server) console.log(bytes.length);
 * await server?.close();
 * ```
 */
export class Socket implements AsyncDisposable, AsyncIterable<Uint8Array> {
  /** The address of this side, as of when it was connected; `null` for a unix socket without a name. */
  readonly localAddress: SocketAddress | null;
  /** The address of the other side, as of when it was connected; `null` for a unix socket without a name. */
  readonly remoteAddress: SocketAddress | null;
  readonly #state: SocketState;
  #readable: ReadableStream<Uint8Array> | null = null;
  #writable: WritableStream<Uint8Array> | null = null;

  /** @internal */
  constructor(state: SocketState, onProblem: (problem: RingwayError) => void) {
    this.#state = state;
    this.localAddress = state.connection.localAddress();
    this.remoteAddress = state.connection.remoteAddress();
    const name = this.remoteAddress === null ? "a unix socket" : formatAddress(this.remoteAddress);
    forgotten.register(this, { state, onProblem, name }, state);
  }

  /**
   * The next bytes that arrived, as many as there are; `null` when the peer sends no more (FIN).
   *
   * @throws {SocketError} what the connection ended with, such as `ECONNRESET`
   * @throws {SocketUseError} `ERR_SOCKET_BUSY` while another read waits, `ERR_SOCKET_CLOSED` after `close`
   */
  read(): Promise<Uint8Array | null> {
    if (this.#readable === null) return this.#state.read(this);
    const message = "Cannot read: `readable` was taken, and reads the socket; use its reader";
    return Promise.reject(new SocketUseError("ERR_SOCKET_BUSY", "read", message));
  }

  /** The bytes that arrive, until the peer sends no more. Leaving the loop early closes the socket. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    let isOver = false;
    try {
      for (let bytes = await this.read(); bytes !== null; bytes = await this.read()) yield bytes;
      isOver = true;
    } finally {
      if (!isOver) await this.close().catch(() => {});
    }
  }

  /**
   * Send bytes, or text as UTF-8, after all that was written before. Settled when there is room for more, which is at
   * once as long as the peer reads: so waiting for it holds back a fast writer. Bytes must not be changed before.
   *
   * @throws {SocketError} what the connection ended with, such as `EPIPE`
   * @throws {SocketUseError} `ERR_SOCKET_ENDED` after `end`, `ERR_SOCKET_CLOSED` after `close`
   */
  write(data: Uint8Array | string): Promise<void> {
    const bytes = typeof data === "string" ? encoder.encode(data) : data;
    if (!(bytes instanceof Uint8Array)) {
      const message = "Cannot write: give a Uint8Array or a string; of other views and buffers, make a Uint8Array";
      return Promise.reject(new SocketUseError("ERR_SOCKET_ARGUMENT", "write", message));
    }
    if (isDetached(bytes)) {
      const message = "Cannot write: the bytes' buffer is detached, as it was transferred elsewhere";
      return Promise.reject(new SocketUseError("ERR_SOCKET_ARGUMENT", "write", message));
    }
    return this.#state.write(bytes, this);
  }

  /** Send FIN after all that was written; reading goes on. Once both sides have ended, the socket is closed. */
  end(): Promise<void> {
    return this.#state.end(this);
  }

  /** What arrives, as a stream. Cancelling it closes the socket. */
  get readable(): ReadableStream<Uint8Array> {
    this.#readable ??= new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const bytes = await this.#state.read(this);
          if (bytes === null) controller.close();
          else controller.enqueue(bytes);
        },
        cancel: () => this.close().catch(() => {}),
      },
      // What has arrived waits in the socket already.
      { highWaterMark: 0 },
    );
    return this.#readable;
  }

  /** What is sent, as a stream. Closing it is {@linkcode end}, aborting it is {@linkcode reset}. */
  get writable(): WritableStream<Uint8Array> {
    this.#writable ??= new WritableStream<Uint8Array>({
      write: (bytes) => this.write(bytes),
      close: () => this.end(),
      abort: () => this.reset(),
    });
    return this.#writable;
  }

  /** Send small pieces at once (TCP_NODELAY, as at first) or let the kernel collect them. */
  setNoDelay(isOn: boolean): void {
    if (!this.#state.isOver) this.#state.connection.setNoDelay(isOn);
  }

  /**
   * Let the kernel ask a silent peer after `idleMs` whether it is still there, rounded up to seconds; 0: never, as at
   * first.
   */
  setKeepAlive(idleMs: number): void {
    checkSocketOptions("keep alive", { keepAliveMs: idleMs });
    if (!this.#state.isOver) this.#state.connection.setKeepAlive(idleMs);
  }

  /** Resolves once the connection is gone in an orderly way; rejects with a `SocketError` if it was cut. */
  get closed(): Promise<void> {
    return this.#state.closed;
  }

  /**
   * Close: what was written is still sent, within the driver's write timeout; nothing is read any more. A peer that
   * still sends gets a reset: to be polite to it, call `end` and read to the end. Rejects as {@linkcode closed} does.
   */
  close(): Promise<void> {
    this.#state.giveUp(false);
    forgotten.unregister(this.#state);
    return this.#state.closed;
  }

  /** Close at once: drop what was not sent, and let the peer see a reset. */
  reset(): void {
    this.#state.giveUp(true);
    forgotten.unregister(this.#state);
  }

  /** The same as `close`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close().catch(() => {});
  }
}
