/**
 * UDP by io_uring.
 *
 * @module
 */
import * as abi from "../../ffi/abi.ts";
import { decodeAddress, encodeAddress, formatAddress, type IpAddress } from "../net/address.ts";
import { SocketError } from "../net/errors.ts";
import { type AddressLike, toAddress } from "../sockets/address_like.ts";
import { checkBytes } from "./checks.ts";
import { pollCommand, receiveDatagramCommand, sendDatagramCommand, senderOf } from "./commands.ts";
import { argumentError, OperationError, operationError } from "./errors.ts";
import { OpenDescriptor } from "./open_descriptor.ts";
import type { OperationQueue } from "./operation_queue.ts";
import type { WaitOptions } from "./ring_file.ts";

/** How to open a datagram socket. */
export interface DatagramSocketOptions {
  /** Where it is bound, of IPv4 or IPv6; by default `0.0.0.0:0`. Port 0 is any free one. Names are not resolved. */
  readonly address?: AddressLike;
  /** Share the port with other sockets that ask for it; the kernel picks one per sender (SO_REUSEPORT). */
  readonly reusePort?: boolean;
  /** On an IPv6 address, take no datagrams of IPv4. */
  readonly ipv6Only?: boolean;
}

/** A datagram that was received. */
export interface Datagram {
  /** All its bytes, which are yours. */
  readonly bytes: Uint8Array;
  /** Where it came from. */
  readonly address: IpAddress;
}

/**
 * A UDP socket. Iterating over it receives until it is closed. Errors are as those of {@linkcode RingFile}, with
 * `ERR_SOCKET_CLOSED` after {@linkcode DatagramSocket.close}, and `ERR_SOCKET_BUSY` for a second reader.
 *
 * @example
 * ```ts
 * await using socket = await operations.openDatagramSocket({ address: "127.0.0.1:5353" });
 * for await (const { bytes, address } of socket) await socket.send(bytes, address);
 * ```
 */
export class DatagramSocket implements AsyncDisposable, AsyncIterable<Datagram> {
  /** Where it is bound. */
  readonly localAddress: IpAddress;
  readonly #queue: OperationQueue;
  readonly #descriptor: OpenDescriptor;
  /** Aborted when the socket closes. */
  readonly #closed = new AbortController();
  #isReceiving = false;

  /** @internal */
  constructor(queue: OperationQueue, descriptor: number, localAddress: IpAddress) {
    this.#queue = queue;
    this.localAddress = localAddress;
    const name = `the datagram socket ${formatAddress(localAddress)}`;
    this.#descriptor = new OpenDescriptor(queue, descriptor, name, "ERR_SOCKET_CLOSED");
  }

  /** Its descriptor, for commands and for {@linkcode Operations.poll}. The ring's: nobody else may close it. */
  get descriptor(): number {
    return this.#descriptor.number;
  }

  /**
   * Send bytes, up to 65,507 over IPv4, as one datagram. Resolves when the kernel has taken them; whether they arrive,
   * nobody knows.
   */
  async send(bytes: Uint8Array, address: AddressLike, { signal }: WaitOptions = {}): Promise<void> {
    checkBytes("send", bytes);
    const to = toIpAddress(address, "send");
    if (to.family !== this.localAddress.family) {
      throw argumentError(
        "send",
        `Cannot send from ${formatAddress(this.localAddress)} to ${formatAddress(to)}: the families differ` +
          (to.family === "ipv4" ? `; from IPv6, send to [::ffff:${to.host}]:${to.port}` : ""),
      );
    }
    await this.#descriptor.use("send from", async () => {
      const buffer = await this.#queue.takeBuffer(signal);
      try {
        const command = sendDatagramCommand(this.descriptor, buffer, bytes.length, to);
        buffer.bytes.set(bytes);
        const result = await this.#queue.run(command, signal);
        this.#queue.check(result, signal, "send", `a datagram of ${bytes.length} bytes to ${formatAddress(to)}`);
      } finally {
        buffer.release();
      }
    });
  }

  /** Wait for a datagram. One at a time. */
  async receive({ signal }: WaitOptions = {}): Promise<Datagram> {
    if (this.#isReceiving) {
      throw operationError(
        "ERR_SOCKET_BUSY",
        "receive",
        `Somebody waits for a datagram of ${this.#descriptor.name} already: receive one after the other`,
      );
    }
    const ends = signal === undefined ? this.#closed.signal : AbortSignal.any([this.#closed.signal, signal]);
    return await this.#descriptor.use("receive from", async () => {
      this.#isReceiving = true;
      try {
        for (;;) {
          const datagram = await this.#receiveNow(ends);
          if (datagram !== null) return datagram;
          // A wait holds no buffer.
          const polled = await this.#queue.run(pollCommand(this.descriptor, { readable: true }), ends);
          this.#queue.check(polled, ends, "receive from", this.#descriptor.name);
        }
      } finally {
        this.#isReceiving = false;
      }
    });
  }

  /** A datagram that is there, or `null`. */
  async #receiveNow(signal: AbortSignal): Promise<Datagram | null> {
    const buffer = await this.#queue.takeBuffer(signal);
    try {
      const result = await this.#queue.run(receiveDatagramCommand(this.descriptor, buffer), signal);
      if (result === -abi.EAGAIN) return null;
      const length = this.#queue.check(result, signal, "receive from", this.#descriptor.name);
      if (length > buffer.bytes.length) throw tooLong(length, buffer.bytes.length);
      const address = senderOf(buffer);
      if (address === null) throw new OperationError(abi.EAFNOSUPPORT, "receive from", this.#descriptor.name);
      return { bytes: buffer.bytes.slice(0, length), address };
    } finally {
      buffer.release();
    }
  }

  /** Every datagram from now on, until the socket is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Datagram, void, undefined> {
    for (;;) {
      let datagram: Datagram;
      try {
        datagram = await this.receive();
      } catch (error) {
        if (this.#descriptor.isClosed || this.#queue.isClosed) return;
        throw error;
      }
      yield datagram;
    }
  }

  /** Close it. Who waits for a datagram gets none; what is being sent is sent. */
  close(): Promise<void> {
    this.#closed.abort(this.#descriptor.closedError("receive from"));
    return this.#descriptor.close();
  }

  /** As {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function tooLong(length: number, bufferBytes: number): Error {
  return operationError(
    "ERR_DATAGRAM_LENGTH",
    "receive",
    `A datagram of ${length} bytes was cut to ${bufferBytes} and dropped: raise bufferBytes`,
  );
}

function toIpAddress(address: AddressLike, operation: string): IpAddress {
  const found = toAddress(address, operation);
  if (found.family !== "unix") return found;
  throw argumentError(operation, `The address has to be one of IPv4 or IPv6, not ${formatAddress(found)}`);
}

/** @internal See {@linkcode Operations.openDatagramSocket}. */
export function openDatagram(queue: OperationQueue, options: DatagramSocketOptions): DatagramSocket {
  const { reusePort, ipv6Only } = options;
  const address = toIpAddress(options.address ?? "0.0.0.0:0", "listen");
  const { ring } = queue.driver;
  const flags = (reusePort ? abi.LISTEN_FLAG_REUSE_PORT : 0) | (ipv6Only ? abi.LISTEN_FLAG_IPV6_ONLY : 0);
  queue.throwIfClosed("open a datagram socket");
  const descriptor = ring.openDatagramSocket(encodeAddress(address), flags);
  if (descriptor < 0) throw new SocketError(descriptor, "receive datagrams on", formatAddress(address));
  const bound = decodeAddress(ring.socketName(descriptor, false));
  return new DatagramSocket(queue, descriptor, bound === null || bound.family === "unix" ? address : bound);
}
