/**
 * A socket interface of one's own: a driver around another one, on which everything works as before, and which here
 * counts the bytes of all sockets, and makes what arrives arrive later, as a slow network would.
 *
 * ```sh
 * bun run examples/custom_driver.ts
 * deno run --allow-ffi --allow-read examples/custom_driver.ts
 * ```
 *
 * @module
 */
import {
  type Connection,
  type ConnectionHandler,
  type Driver,
  type Lease,
  type Listener,
  type ListenerHandler,
  type ListenOptions,
  openSockets,
  type SocketAddress,
  type Sockets,
  Timer,
} from "../lib/sockets/mod.ts";

/** How long everything is under way. */
const DELAY_MS = 50;

/** The driver: what it does not do itself, the one inside does. */
class SlowDriver implements Driver {
  receivedBytes = 0;
  readonly #sockets: Sockets;
  readonly #inner: Driver;

  constructor(sockets: Sockets) {
    this.#sockets = sockets;
    this.#inner = sockets.driver;
  }

  listen(address: SocketAddress, handler: ListenerHandler, options?: ListenOptions): Promise<Listener> {
    const slow: ListenerHandler = {
      onAccept: (connection) => this.#slow(handler.onAccept(connection)),
      onAcceptError: (listener, errno) => handler.onAcceptError?.(listener, errno),
    };
    return this.#inner.listen(address, slow, options);
  }

  connect(address: SocketAddress, handler: ConnectionHandler): Connection {
    return this.#inner.connect(address, this.#slow(handler));
  }

  /** Tells a handler what arrives, later. */
  #slow(handler: ConnectionHandler): ConnectionHandler {
    let isClosed = false;
    const later = (tell: () => void, dispose: () => void = () => {}) => {
      this.#inner.startTimer(new Timer(() => (isClosed ? dispose() : tell())), DELAY_MS);
    };
    return {
      onConnect: (connection) => handler.onConnect(connection),
      onData: (connection, lease) => {
        this.receivedBytes += lease.length;
        later(
          () => handler.onData(connection, lease),
          () => lease.release(),
        );
      },
      onEnd: (connection) => later(() => handler.onEnd(connection)),
      onDrain: (connection) => handler.onDrain(connection),
      onClose: (connection, errno) => {
        isClosed = true;
        handler.onClose(connection, errno);
      },
    };
  }

  get name(): Driver["name"] {
    return this.#inner.name;
  }

  get nowMs(): number {
    return this.#inner.nowMs;
  }

  get connectionOptions(): Driver["connectionOptions"] {
    return this.#inner.connectionOptions;
  }

  get userCode(): Driver["userCode"] {
    return this.#inner.userCode;
  }

  get connectionCount(): number {
    return this.#inner.connectionCount;
  }

  startTimer(timer: Timer, delayMs: number): void {
    this.#inner.startTimer(timer, delayMs);
  }

  stopTimer(timer: Timer): void {
    this.#inner.stopTimer(timer);
  }

  allocate(bytes: number): Lease {
    return this.#inner.allocate(bytes);
  }

  close(): Promise<void> {
    return this.#sockets.close();
  }
}

const slow = new SlowDriver(await openSockets());
await using sockets = await openSockets({ driver: slow });

// An echo server and a client that know nothing of it.
const listener = await sockets.listen("127.0.0.1:0");
void (async () => {
  for await (const socket of listener) socket.readable.pipeTo(socket.writable).catch(() => {});
})();
await using socket = await sockets.connect(listener.address);
const start = performance.now();
await socket.write("hello");
const echo = new TextDecoder().decode((await socket.read()) ?? undefined);
console.log(`${echo} after ${performance.now() - start >= 2 * DELAY_MS ? "two" : "no"} delays`);
console.log(`${slow.receivedBytes} bytes were received`);
