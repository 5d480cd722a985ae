/**
 * What filters make of one body: gathered, changed, replaced, or dropped.
 *
 * @module
 */
import type { RingwayError } from "../../../../ffi/errors.ts";
import type { Lease } from "../../../ring/lease.ts";
import { BODY_TOO_LARGE, bodyError, incompleteBody } from "./body_error.ts";
import { BodyPipe, type BodySink } from "./body_pipe.ts";
import type { MessageView } from "./message_view.ts";
import { StreamPump } from "./stream_pump.ts";

/** Where a body goes, and who is told. */
export interface BodyOutput {
  /** Send a piece. False: no more until `BodyStage.resume`. */
  writePiece(piece: Uint8Array): boolean;
  /** The body that is sent is complete. */
  endBody(): void;
  /** It will never be complete. */
  failBody(error: unknown): void;
  /** The sender of the body that came may go on. */
  resumeSource(): void;
  /** User code waits for this. */
  track(promise: Promise<unknown>): void;
}

/** Gathers a body. */
interface Collector {
  readonly limitBytes: number;
  readonly pieces: Uint8Array[];
  bytes: number;
  resolve(body: Uint8Array): void;
  reject(error: RingwayError): void;
}

/** See the module. */
export class BodyStage implements BodySink {
  /** Bytes that came and were dropped. */
  droppedBytes = 0;
  readonly #output: BodyOutput;
  readonly #limitBytes: number;
  #collector: Collector | null = null;
  #pipe: BodyPipe | null = null;
  #pump: StreamPump | null = null;
  /** Is what comes dropped? */
  #isDropping = false;

  /** More than `limitBytes` that wait hold the sender back. */
  constructor(output: BodyOutput, limitBytes: number) {
    this.#output = output;
    this.#limitBytes = limitBytes;
  }

  /** Does the sender have to wait? */
  get isFull(): boolean {
    return this.#pipe?.isFull === true;
  }

  /** Is the body gathered at present? */
  get isCollecting(): boolean {
    return this.#collector !== null;
  }

  /** Gather the whole body. */
  collect(limitBytes: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#collector = { limitBytes, pieces: [], bytes: 0, resolve, reject };
    });
  }

  /** The hooks are done: send what they made of the body. */
  start(view: MessageView): void {
    const { transforms, replacement } = view;
    view.take();
    const pipe = new BodyPipe(transforms, this, this.#limitBytes);
    this.#pipe = pipe;
    if (replacement === null) return;
    this.#isDropping = true;
    if (replacement instanceof Uint8Array) {
      if (replacement.length > 0) pipe.push(replacement);
      pipe.end();
      return;
    }
    try {
      this.#pump = new StreamPump(replacement, {
        push: (piece) => pipe.push(piece),
        end: () => pipe.end(),
        fail: (error) => this.onError(error),
      });
    } catch (error) {
      this.onError(error);
      return;
    }
    this.#output.track(this.#pump.run());
  }

  /** A piece of the body that came, without framing. False: no more until `BodyOutput.resumeSource`. */
  push(lease: Lease): boolean {
    let hasRoom = true;
    if (this.#collector !== null) this.#gather(this.#collector, lease);
    else if (this.#isDropping || this.#pipe === null) this.droppedBytes += lease.length;
    else hasRoom = this.#pipe.push(lease.bytes().slice());
    lease.release();
    return hasRoom;
  }

  /** The body that came is complete. */
  end(): void {
    const collector = this.#collector;
    this.#collector = null;
    if (collector !== null) collector.resolve(joined(collector.pieces, collector.bytes));
    else if (!this.#isDropping) this.#pipe?.end();
  }

  #gather(collector: Collector, lease: Lease): void {
    collector.bytes += lease.length;
    if (collector.bytes <= collector.limitBytes) {
      collector.pieces.push(lease.bytes().slice());
      return;
    }
    this.#collector = null;
    this.#isDropping = true;
    collector.reject(bodyError(`It is longer than ${collector.limitBytes} bytes`, BODY_TOO_LARGE));
  }

  /** The output can take more. */
  resume(): void {
    this.#pipe?.resume();
  }

  /** Nobody wants it any more, or it will never be complete. */
  abort(): void {
    this.#collector?.reject(incompleteBody());
    this.#collector = null;
    this.#pump?.cancel();
    this.#pipe?.abort();
  }

  onPiece(piece: Uint8Array): boolean {
    return this.#output.writePiece(piece);
  }

  onEnd(): void {
    this.#output.endBody();
  }

  onError(error: unknown): void {
    this.abort();
    this.#output.failBody(error);
  }

  onDrain(): void {
    if (this.#pump !== null) this.#pump.resume();
    else this.#output.resumeSource();
  }

  onWait(promise: Promise<unknown>): void {
    this.#output.track(promise);
  }
}

function joined(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
