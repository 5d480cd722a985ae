/**
 * What a connection is to the kernels at its two ends. It is there before its server accepted it, and
 * carries on delivering after one side closed it.
 *
 * @module
 */
import { ECONNRESET, EPIPE } from "../../../ffi/abi.ts";
import type { SocketAddress } from "../address.ts";
import { Direction, type Receiver } from "./direction.ts";
import type { Stall, WireFate } from "./faults.ts";
import type { MemoryNetwork } from "./network.ts";
import { Task } from "./scheduler.ts";

/**
 * The connection that has an end of a wire. It looks at the end when told, but not at once: these are
 * calls of the kernel.
 */
export interface EndOwner {
  /** Bytes, FIN or a reset arrived. */
  onReadable(): void;
  /** There is room again, or a reset arrived. */
  onWritable(): void;
}

/** Two ends and what is between them. */
export class Wire {
  /** The end of who connected. */
  readonly client: WireEnd;
  /** The end of who accepts. */
  readonly server: WireEnd;
  readonly #network: MemoryNetwork;
  readonly #name: string;
  readonly #resetTask: Task;
  #bytesUntilReset: number;

  /** A wire that is connected. */
  constructor(
    network: MemoryNetwork,
    name: string,
    fate: WireFate,
    source: SocketAddress | null,
    target: SocketAddress,
    serverFamily: SocketAddress["family"],
  ) {
    this.#network = network;
    this.#name = name;
    this.#bytesUntilReset = fate.resetAfterBytes;
    this.#resetTask = new Task(`${name} reset`, () => this.#reset());
    const client = new WireEnd(this, source, target, fate.clientStall, fate);
    const [local, remote] = [seenBy(serverFamily, target), source === null ? null : seenBy(serverFamily, source)];
    const server = new WireEnd(this, local, remote, fate.serverStall, fate);
    const up = new Direction(network, `${name} up`, server, fate.bytesPerMs);
    const down = new Direction(network, `${name} down`, client, fate.bytesPerMs);
    client.join(up, down, server);
    server.join(down, up, client);
    this.client = client;
    this.server = server;
    network.scheduler.after(this.#resetTask, fate.resetAfterMs);
  }

  /** @internal For the trace. */
  record(text: string): void {
    this.#network.record(this.#name, text);
  }

  /** @internal Of so many bytes that arrived at an end, how many the fate of this wire lets through. */
  admit(count: number): number {
    if (count < this.#bytesUntilReset) {
      this.#bytesUntilReset -= count;
      return count;
    }
    const admitted = this.#bytesUntilReset;
    this.#bytesUntilReset = 0;
    // At once: no FIN may arrive after bytes that were not let through.
    this.#reset();
    return admitted;
  }

  /** @internal Nobody has an end any more. */
  endIfClosed(): void {
    if (this.client.isClosed && this.server.isClosed) this.#network.scheduler.cancel(this.#resetTask);
  }

  /** As if something between the ends had dropped the connection. */
  #reset(): void {
    this.record("reset by a fault");
    this.client.outgoing.sendReset();
    this.server.outgoing.sendReset();
  }
}

/** One end of a wire: a socket, as its kernel sees it. */
export class WireEnd implements Receiver {
  /** Who has it: nobody until it is accepted, and nobody after it was closed. */
  owner: EndOwner | null = null;
  /** The address of this end; `null` for an unnamed unix socket. */
  readonly localAddress: SocketAddress | null;
  /** The address of the other end. */
  readonly remoteAddress: SocketAddress | null;
  /** When its reader is to stall. */
  readonly stall: Stall | null;
  /** What else is to happen. */
  readonly fate: WireFate;
  /** Did the other end's FIN arrive? Bytes may be left to read before it. */
  isFinArrived = false;
  /** What a reset by the other end means here; 0 without one. */
  errno = 0;
  /** Was it closed? */
  isClosed = false;
  readonly #wire: Wire;
  #outgoing: Direction | null = null;
  #incoming: Direction | null = null;
  #peer: WireEnd | null = null;

  /** @internal */
  constructor(
    wire: Wire,
    localAddress: SocketAddress | null,
    remoteAddress: SocketAddress | null,
    stall: Stall | null,
    fate: WireFate,
  ) {
    this.#wire = wire;
    this.localAddress = localAddress;
    this.remoteAddress = remoteAddress;
    this.stall = stall;
    this.fate = fate;
  }

  /** @internal Connect it with its directions and the other end. */
  join(outgoing: Direction, incoming: Direction, peer: WireEnd): void {
    this.#outgoing = outgoing;
    this.#incoming = incoming;
    this.#peer = peer;
  }

  /** @internal */
  get outgoing(): Direction {
    return this.#outgoing as Direction;
  }

  get #in(): Direction {
    return this.#incoming as Direction;
  }

  /** How many bytes can be sent now. */
  get roomBytes(): number {
    return this.outgoing.roomBytes;
  }

  /** How many bytes can be read now. */
  get readableBytes(): number {
    return this.#in.arrived.length;
  }

  /** Read bytes, which makes room for the sender. */
  read(count: number): Uint8Array<ArrayBuffer> {
    const bytes = this.#in.arrived.take(count);
    this.#peer?.owner?.onWritable();
    return bytes;
  }

  /** Send bytes, for which there is room. */
  send(bytes: Uint8Array): void {
    this.outgoing.send(bytes);
  }

  /** Send FIN, once. */
  shutdown(): void {
    if (!this.outgoing.isFinSent) this.outgoing.sendFin();
  }

  /**
   * Nobody will read from it any more. As with TCP, the other end sees a reset and not an orderly end if
   * it has sent what was not read (RFC 1122, section 4.2.2.13), or if it sends anything from now on.
   */
  close(): void {
    this.#letGo();
    if (this.errno !== 0) return;
    if (this.readableBytes > 0) this.#refuse();
    else this.shutdown();
  }

  /** Drop everything and let the other end see a reset. Unix sockets have none: there it is an end (unix(7)). */
  reset(): void {
    if ((this.localAddress ?? this.remoteAddress)?.family === "unix") {
      this.close();
      return;
    }
    this.#letGo();
    if (this.errno === 0) this.#refuse();
  }

  #letGo(): void {
    this.owner = null;
    this.isClosed = true;
    this.#wire.endIfClosed();
  }

  #refuse(): void {
    this.#wire.record(`reset to ${this === this.#wire.client ? "server" : "client"}`);
    this.outgoing.sendReset();
    this.#in.cut();
    this.#in.arrived.clear();
  }

  onBytesArrived(bytes: Uint8Array): void {
    if (this.isClosed) {
      this.#refuse();
      return;
    }
    this.#in.arrived.push(bytes.subarray(0, this.#wire.admit(bytes.length)));
    this.owner?.onReadable();
  }

  onFinArrived(): void {
    this.isFinArrived = true;
    this.owner?.onReadable();
  }

  onResetArrived(): void {
    // What Linux reports once the other end's FIN is there (tcp_reset in net/ipv4/tcp_input.c).
    this.errno = this.isFinArrived ? EPIPE : ECONNRESET;
    this.outgoing.cut();
    this.owner?.onReadable();
    this.owner?.onWritable();
  }
}

/** An IPv6 socket sees IPv4 addresses as mapped ones (ipv6(7)). */
function seenBy(family: SocketAddress["family"], address: SocketAddress): SocketAddress {
  if (family !== "ipv6" || address.family !== "ipv4") return address;
  return { ...address, family, host: `::ffff:${address.host}` };
}
