/**
 * A listener on `node:net`.
 *
 * @module
 */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { EADDRNOTAVAIL, EINVAL } from "../../../ffi/abi.ts";
import { RingwayError } from "../../../ffi/errors.ts";
import { runtime } from "../../../ffi/runtime.ts";
import { encodeAddress, formatAddress, ipAddress, type SocketAddress } from "../address.ts";
import type { Listener, ListenerHandler } from "../connection.ts";
import type { ListenOptions } from "../driver.ts";
import { SocketError } from "../errors.ts";
import type { DefaultDriver } from "./driver.ts";
import { errnoOf } from "./errno.ts";
import { runtimePath } from "./unix_path.ts";

const DEFAULT_BACKLOG = 4096;

/** See {@linkcode Listener}. */
export class DefaultListener implements Listener {
  #address: SocketAddress | null = null;
  readonly #driver: DefaultDriver;
  readonly #handler: ListenerHandler;
  readonly #options: ListenOptions;
  readonly #server: Server;
  /** Accepted by the runtime, which can't be kept from it, while this listener is paused. */
  readonly #waiting: Socket[] = [];
  #isPaused = false;
  #isDelivering = false;
  #closing: Promise<void> | null = null;

  /** @internal */
  constructor(driver: DefaultDriver, handler: ListenerHandler, options: ListenOptions) {
    this.#driver = driver;
    this.#handler = handler;
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) =>
      this.#onConnection(socket),
    );
  }

  get address(): SocketAddress {
    if (this.#address === null) throw new TypeError("The listener is not open yet");
    return this.#address;
  }

  /** @internal Bind and listen. Rejects with a {@linkcode SocketError} that says what to do. */
  async open(address: SocketAddress): Promise<void> {
    const { backlog = DEFAULT_BACKLOG, reusePort = false, ipv6Only = false, descriptor } = this.#options;
    if (descriptor !== undefined) throw descriptorError(descriptor);
    encodeAddress(address);
    // Without it Deno throws where nobody can catch it.
    if (address.family !== "unix" && !runtime.mayListen(address.host, address.port)) {
      throw permissionError(address, "the permission is missing, run with --allow-net");
    }
    const where =
      address.family === "unix"
        ? { path: runtimePath(address.path) }
        : { host: address.host, port: address.port, reusePort, ipv6Only };
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once("error", reject);
        this.#server.listen({ ...where, backlog }, resolve);
      });
    } catch (error) {
      throw listenError(error, address);
    }
    this.#server.removeAllListeners("error");
    this.#server.on("error", (error) => this.onAcceptError(errnoOf(error)));
    this.#address = address.family === "unix" ? address : boundAddress(this.#server, address);
  }

  pause(): void {
    this.#isPaused = true;
  }

  acceptSingly(): void {}

  resume(): void {
    if (!this.#isPaused || this.#closing !== null) return;
    this.#isPaused = false;
    this.#deliverLater();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #close(): Promise<void> {
    // Its callback would wait for the end of all connections.
    if (this.#server.listening) this.#server.close();
    this.#driver.removeListener(this);
    // As the kernel does with those in its backlog.
    for (const socket of this.#waiting.splice(0)) discard(socket);
    return new Promise((resolve) => setImmediate(resolve));
  }

  #onConnection(socket: Socket): void {
    const { ipv6Only = false, backlog = DEFAULT_BACKLOG } = this.#options;
    // Deno 2.9 ignores ipv6Only: its socket takes IPv4 connections too.
    if (this.#closing !== null || (ipv6Only && socket.remoteAddress?.startsWith("::ffff:"))) {
      discard(socket);
    } else if (!this.#isPaused && this.#waiting.length === 0) {
      this.#driver.accepted(socket, this.address, this.#handler);
    } else if (this.#waiting.length >= backlog) {
      discard(socket);
    } else {
      socket.on("error", ignore);
      this.#waiting.push(socket);
    }
  }

  #deliverLater(): void {
    if (this.#isDelivering || this.#waiting.length === 0) return;
    this.#isDelivering = true;
    setImmediate(() => this.#deliver());
  }

  #deliver(): void {
    this.#isDelivering = false;
    while (!this.#isPaused) {
      const socket = this.#waiting.shift();
      if (socket === undefined) return;
      // Its peer may have given up.
      if (socket.destroyed) continue;
      socket.off("error", ignore);
      this.#driver.accepted(socket, this.address, this.#handler);
    }
  }

  /** @internal Accepting fails for now. */
  onAcceptError(errno: number): void {
    if (this.#isPaused || this.#closing !== null) return;
    this.#handler.onAcceptError?.(this, errno);
  }

  /**
   * @internal Have the runtime try again to accept. Deno 2.9 gives up for good after the first failure,
   * but looks again when it is told to listen again; not on a unix socket, which stays deaf. False if this is
   * not needed: Bun tries without end.
   */
  retry(): boolean {
    const handle = (this.#server as unknown as { _handle?: { listen?(backlog: number): number } | null })._handle;
    if (typeof handle?.listen !== "function") return false;
    handle.listen(this.#options.backlog ?? DEFAULT_BACKLOG);
    return true;
  }
}

function ignore(): void {}

function discard(socket: Socket): void {
  socket.on("error", ignore);
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}

function boundAddress(server: Server, asked: SocketAddress): SocketAddress {
  const bound = server.address() as AddressInfo | null;
  return bound === null ? asked : ipAddress(bound.address, bound.port);
}

function listenError(error: unknown, address: SocketAddress): RingwayError {
  if (runtime.isPermissionError(error)) {
    return permissionError(address, error instanceof Error ? error.message : String(error), error);
  }
  let errno = errnoOf(error);
  // Deno 2.9 calls it so when the machine does not have the address.
  if (errno === EINVAL && address.family !== "unix" && !isLinkLocal(address.host)) errno = EADDRNOTAVAIL;
  return new SocketError(errno, "listen on", formatAddress(address), "internal", error);
}

function permissionError(address: SocketAddress, reason: string, cause?: unknown): RingwayError {
  return new RingwayError(`Cannot listen on ${formatAddress(address)}: ${reason}`, {
    code: "ERR_PERMISSION",
    source: "internal",
    operation: "listen on",
    cause,
  });
}

/** Binding to one of these needs a zone, and is EINVAL without (ipv6(7)). */
function isLinkLocal(host: string): boolean {
  return /^fe[89ab]/i.test(host);
}

function descriptorError(descriptor: number): RingwayError {
  return new RingwayError(
    `Cannot listen on descriptor ${descriptor} with the default driver, as node:net would close it with the ` +
      "listener: listen on an address, with reusePort to share it",
    { code: "ERR_DESCRIPTOR", source: "internal", operation: "listen on" },
  );
}
