/**
 * One direction of a connection: the sender's kernel, the network and the receiver's kernel in one.
 *
 * @module
 */
import { ByteQueue } from "./byte_queue.ts";
import type { MemoryNetwork } from "./network.ts";
import { Task } from "./scheduler.ts";

/** What is under way: bytes, or that there are no more, or that the sender dropped the connection. */
type Segment = (
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "fin" }
  | { readonly kind: "reset" }
) & { readonly arriveMs: number };

/** How long the bytes take that arrive together on a slow link. */
const PIECE_MS = 10;

/** Told what comes out at the far end of a direction. */
export interface Receiver {
  /** Bytes came out; the receiver puts them into `arrived` or drops them. */
  onBytesArrived(bytes: Uint8Array): void;
  onFinArrived(): void;
  onResetArrived(): void;
}

/** Carries bytes in their order, and holds no more of them than its capacity. */
export class Direction {
  /** Bytes in the receiver's kernel. */
  readonly arrived: ByteQueue = new ByteQueue();
  /** Was FIN sent? */
  isFinSent = false;
  readonly #network: MemoryNetwork;
  readonly #receiver: Receiver;
  readonly #bytesPerMs: number;
  readonly #arrival: Task;
  readonly #segments: Segment[] = [];
  #inFlightBytes = 0;
  #lastArriveMs = 0;
  #isCut = false;

  /** A direction in which nothing is under way. */
  constructor(network: MemoryNetwork, name: string, receiver: Receiver, bytesPerMs: number) {
    this.#network = network;
    this.#receiver = receiver;
    this.#bytesPerMs = bytesPerMs;
    this.#arrival = new Task(name, () => this.#arrive());
  }

  /** How many bytes it takes now. */
  get roomBytes(): number {
    const { capacityBytes } = this.#network.options;
    return this.#isCut ? capacityBytes : capacityBytes - this.#inFlightBytes - this.arrived.length;
  }

  /** Send bytes, of which nobody else has a reference and for which there is room. */
  send(bytes: Uint8Array): void {
    if (this.#isCut) return;
    this.#inFlightBytes += bytes.length;
    // On a slow link the first bytes do not wait for the last ones.
    const pieceBytes = Math.ceil(this.#bytesPerMs * PIECE_MS);
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes);
      this.#push({ kind: "bytes", bytes: piece, arriveMs: this.#arriveMs(piece.length) });
    }
  }

  /** Send FIN after the bytes. */
  sendFin(): void {
    this.isFinSent = true;
    if (!this.#isCut) this.#push({ kind: "fin", arriveMs: this.#arriveMs(0) });
  }

  /** Drop what is under way, and let the receiver see a reset. */
  sendReset(): void {
    if (this.#isCut) return;
    this.cut();
    this.#push({ kind: "reset", arriveMs: this.#network.scheduler.nowMs + this.#network.drawDelayMs() });
  }

  /** Drop what is under way and all that is sent from now on. */
  cut(): void {
    // A reset that is under way arrives.
    if (this.#isCut) return;
    this.#isCut = true;
    this.#segments.length = 0;
    this.#inFlightBytes = 0;
    this.#network.scheduler.cancel(this.#arrival);
  }

  #arriveMs(bytes: number): number {
    const { scheduler } = this.#network;
    const earliestMs = Math.max(this.#lastArriveMs, scheduler.nowMs + this.#network.drawDelayMs());
    this.#lastArriveMs = earliestMs + Math.ceil(bytes / this.#bytesPerMs);
    return this.#lastArriveMs;
  }

  #push(segment: Segment): void {
    this.#segments.push(segment);
    if (this.#segments.length === 1) this.#schedule(segment);
  }

  #schedule(segment: Segment): void {
    const { scheduler } = this.#network;
    scheduler.after(this.#arrival, segment.arriveMs - scheduler.nowMs);
  }

  #arrive(): void {
    const segment = this.#segments.shift();
    if (segment === undefined) return;
    const following = this.#segments[0];
    if (following !== undefined) this.#schedule(following);
    switch (segment.kind) {
      case "bytes":
        this.#inFlightBytes -= segment.bytes.length;
        this.#receiver.onBytesArrived(segment.bytes);
        return;
      case "fin":
        this.#receiver.onFinArrived();
        return;
      case "reset":
        this.#receiver.onResetArrived();
        return;
    }
  }
}
