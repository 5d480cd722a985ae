/**
 * A connection in memory: what a driver and its application know of it, on top of a wire's end.
 *
 * @module
 */
import { ETIMEDOUT } from "../../../ffi/abi.ts";
import { type Lease, LeaseQueue } from "../../ring/lease.ts";
import { Timer } from "../../ring/timer_wheel.ts";
import type { SocketAddress } from "../address.ts";
import type { Connection, ConnectionHandler } from "../connection.ts";
import type { MemoryDriver } from "./driver.ts";
import { drawMs } from "./faults.ts";
import { assertHeld } from "./lease_pool.ts";
import type { Dialer, MemoryNetwork } from "./network.ts";
import { Task } from "./scheduler.ts";
import type { EndOwner, WireEnd } from "./wire.ts";

/** `closing`: no more events but `onClose`. `closed`: it was called. */
type Phase = "connecting" | "open" | "closing" | "closed";

/** See {@linkcode Connection}. */
export class MemoryConnection implements Connection, EndOwner, Dialer {
  handler: ConnectionHandler;
  bytesRead = 0;
  bytesWritten = 0;
  /** For the trace. */
  readonly name: string;
  /** @internal Where it connects from, or was accepted at. */
  readonly source: SocketAddress | null;
  readonly #driver: MemoryDriver;
  readonly #network: MemoryNetwork;
  readonly #sendQueue: LeaseQueue = new LeaseQueue();
  readonly #connectTask: Task;
  readonly #sendTask: Task;
  readonly #receiveTask: Task;
  #phase: Phase;
  #target: SocketAddress | null = null;
  #end: WireEnd | null;
  /** What to close with; 0 without an error. */
  #errno = 0;
  /** What connecting comes to, unless it changes on the way. */
  #connectErrno = 0;
  #isDialed = false;
  #isReadingPaused = false;
  #isReadEnded = false;
  #isShutdownAsked = false;
  #isWriteEnded = false;
  #isAboveWatermark = false;
  #isRemoteCloseNoticed = false;
  #isResetting = false;
  /** Nothing is received before. */
  #stalledUntilMs = 0;
  #hasStalled = false;
  /** Was it drawn whether the receive that is next has to wait for a buffer? */
  #isBufferDrawn = false;
  #writeTimer: Timer | null = null;

  /** @internal An accepted connection if it has an end; otherwise {@linkcode connect} follows. */
  constructor(
    driver: MemoryDriver,
    name: string,
    handler: ConnectionHandler,
    source: SocketAddress | null,
    end: WireEnd | null,
  ) {
    this.#driver = driver;
    this.#network = driver.network;
    this.name = name;
    this.handler = handler;
    this.source = source;
    this.#end = end;
    this.#phase = end === null ? "connecting" : "open";
    const onThrown = (error: unknown) => this.#onThrown(error);
    this.#connectTask = new Task(`${name} connect`, () => this.#connect(), onThrown);
    this.#sendTask = new Task(`${name} send`, () => this.#send(), onThrown);
    this.#receiveTask = new Task(`${name} receive`, () => this.#receive(), onThrown);
    if (end === null) return;
    end.owner = this;
    this.onReadable();
  }

  /** @internal Begin to connect, or to fail with an errno. */
  connect(target: SocketAddress, errno: number): void {
    this.#target = target;
    this.#connectErrno = errno;
    const { scheduler } = this.#network;
    if (errno === 0) scheduler.after(this.#connectTask, this.#network.drawDelayMs());
    else scheduler.ready(this.#connectTask);
  }

  get queuedBytes(): number {
    return this.#sendQueue.bytes;
  }

  get isReadingPaused(): boolean {
    return this.#isReadingPaused;
  }

  get isClosed(): boolean {
    return this.#phase === "closing" || this.#phase === "closed";
  }

  get isGone(): boolean {
    return this.#phase !== "connecting";
  }

  localAddress(): SocketAddress | null {
    return this.#phase === "closed" ? null : this.source;
  }

  remoteAddress(): SocketAddress | null {
    // While connecting it has an end already, once the kernels agreed.
    return this.#phase === "closed" || this.#phase === "connecting" ? null : (this.#end?.remoteAddress ?? null);
  }

  write(lease: Lease): boolean {
    assertHeld(lease);
    if (this.isClosed || this.#isShutdownAsked) {
      lease.release();
      return false;
    }
    if (lease.length === 0) {
      lease.release();
      return !this.#isAboveWatermark;
    }
    this.#sendQueue.push(lease);
    this.onWritable();
    if (this.#sendQueue.bytes <= this.#driver.connectionOptions.writeHighWatermarkBytes) return true;
    this.#isAboveWatermark = true;
    return false;
  }

  writeBytes(bytes: Uint8Array): boolean {
    return this.write(this.#driver.pool.lease(bytes.slice(), `${this.name}, copied to write`));
  }

  setNoDelay(): void {}

  setKeepAlive(): void {}

  shutdownWrite(): void {
    if (this.isClosed || this.#isShutdownAsked) return;
    this.#isShutdownAsked = true;
    this.onWritable();
  }

  pauseReading(): void {
    if (this.isClosed || this.#isReadingPaused) return;
    this.#isReadingPaused = true;
    // The end of the other side is still to be noticed.
    this.onReadable();
  }

  resumeReading(): void {
    if (!this.#isReadingPaused) return;
    this.#isReadingPaused = false;
    this.onReadable();
  }

  close(): void {
    if (this.isClosed) return;
    if (this.#phase === "connecting") this.#sendQueue.clear();
    this.#phase = "closing";
    this.onWritable();
    const { writeTimeoutMs } = this.#driver.connectionOptions;
    if (this.#sendQueue.bytes === 0 || writeTimeoutMs === 0) return;
    this.#writeTimer = new Timer(() => {
      this.#errno = ETIMEDOUT;
      this.reset();
    });
    this.#driver.startTimer(this.#writeTimer, writeTimeoutMs);
  }

  reset(): void {
    if (this.#isResetting || this.#phase === "closed") return;
    this.#isResetting = true;
    this.#phase = "closing";
    this.#sendQueue.clear();
    this.onWritable();
  }

  /** @internal Skip what is left to wait for. */
  endNow(): void {
    try {
      this.#finish(this.#phase === "connecting" && !this.#isDialed ? this.#connectErrno : this.#errno);
    } catch (error) {
      this.#driver.onThrown(error);
    }
  }

  onEstablished(end: WireEnd): void {
    this.#end = end;
    this.#answer(0);
  }

  onRefused(errno: number): void {
    this.#answer(errno);
  }

  #answer(errno: number): void {
    this.#connectErrno = errno;
    this.#network.scheduler.after(this.#connectTask, this.#network.drawDelayMs());
  }

  onReadable(): void {
    if (this.#phase === "open") this.#network.scheduler.ready(this.#receiveTask);
  }

  onWritable(): void {
    if (this.#phase === "open" || this.#phase === "closing") this.#network.scheduler.ready(this.#sendTask);
  }

  #onThrown(error: unknown): void {
    this.reset();
    this.#driver.onThrown(error);
  }

  #connect(): void {
    if (this.#phase !== "connecting") return;
    if (!this.#isDialed && this.#connectErrno === 0) {
      this.#dial();
      return;
    }
    if (this.#connectErrno !== 0 || this.#end === null) {
      this.#finish(this.#connectErrno);
      return;
    }
    this.#phase = "open";
    this.#end.owner = this;
    this.onReadable();
    this.onWritable();
    this.#network.record(this.name, "connected");
    this.handler.onConnect(this);
  }

  #dial(): void {
    this.#isDialed = true;
    const { connectTimeoutMs } = this.#network.options;
    if (connectTimeoutMs > 0) {
      this.#connectErrno = ETIMEDOUT;
      this.#network.scheduler.after(this.#connectTask, connectTimeoutMs);
    }
    this.#network.dial(this.#target as SocketAddress, this);
  }

  #send(): void {
    const end = this.#end;
    const queue = this.#sendQueue;
    if (this.#isResetting || end === null) {
      this.#finish(this.#errno);
      return;
    }
    if (end.errno !== 0 && queue.bytes > 0) {
      this.#finish(end.errno);
      return;
    }
    if (queue.bytes > 0 && end.roomBytes > 0) this.#sendSome(end);
    if (queue.bytes > 0) {
      if (end.roomBytes > 0) this.onWritable();
    } else if (this.#phase === "closing") {
      this.#finish(this.#errno);
      return;
    } else {
      this.#shutdownIfAsked(end);
    }
    this.#announceDrain();
  }

  #sendSome(end: WireEnd): void {
    const queue = this.#sendQueue;
    const count = this.#network.drawPortion(Math.min(queue.bytes, end.roomBytes));
    const bytes = new Uint8Array(count);
    let filled = 0;
    for (let lease = queue.head; lease !== null && filled < count; lease = lease.next) {
      const part = lease.bytes().subarray(0, count - filled);
      bytes.set(part, filled);
      filled += part.length;
    }
    queue.drop(count);
    this.bytesWritten += count;
    this.#network.record(this.name, `sent ${count}, ${queue.bytes} left`);
    end.send(bytes);
  }

  #shutdownIfAsked(end: WireEnd): void {
    if (!this.#isShutdownAsked || this.#isWriteEnded) return;
    this.#isWriteEnded = true;
    this.#network.record(this.name, "sent FIN");
    end.shutdown();
    this.#closeIfEnded();
  }

  #announceDrain(): void {
    if (!this.#isAboveWatermark || this.#isShutdownAsked || this.isClosed) return;
    if (this.#sendQueue.bytes > this.#driver.connectionOptions.writeLowWatermarkBytes) return;
    this.#isAboveWatermark = false;
    this.#network.record(this.name, "drained");
    this.handler.onDrain(this);
  }

  #receive(): void {
    const end = this.#end;
    if (this.#phase !== "open" || end === null) return;
    if (end.errno !== 0 && this.#isResetSeenNow(end)) {
      this.#finish(end.errno);
    } else if (this.#isReadingPaused) {
      this.#noticeRemoteClose(end);
    } else if (end.readableBytes > 0) {
      if (this.#mayReceive(end)) this.#receiveSome(end);
      else if (end.errno !== 0) this.#finish(end.errno);
    } else if (end.isFinArrived && !this.#isReadEnded) {
      this.#isReadEnded = true;
      this.#network.record(this.name, "end");
      this.handler.onEnd(this);
      this.#closeIfEnded();
    }
  }

  /** Who reads may still get what arrived before a reset, all, some or none of it; who has paused sees the reset. */
  #isResetSeenNow(end: WireEnd): boolean {
    return this.#isReadingPaused || end.readableBytes === 0 || this.#network.random.chance(0.5);
  }

  #noticeRemoteClose(end: WireEnd): void {
    if (!end.isFinArrived || this.#isReadEnded || this.#isRemoteCloseNoticed) return;
    this.#isRemoteCloseNoticed = true;
    this.#network.record(this.name, "remote close");
    this.handler.onRemoteClose?.(this);
  }

  #receiveSome(end: WireEnd): void {
    this.#isBufferDrawn = false;
    const count = this.#network.drawPortion(Math.min(end.readableBytes, this.#driver.receiveBytes));
    const lease = this.#driver.pool.lease(end.read(count), `${this.name}, after ${this.bytesRead}`);
    this.bytesRead += count;
    this.#network.record(this.name, `received ${count}`);
    // The next one first: the handler may throw.
    this.onReadable();
    this.handler.onData(this, lease);
  }

  /** False if a fault or a lack of buffers forbids; it is tried again when that is over. */
  #mayReceive(end: WireEnd): boolean {
    const { nowMs, scheduler } = this.#network;
    this.#drawStall(end);
    if (nowMs >= this.#stalledUntilMs) return this.#driver.acquireBuffer(this);
    scheduler.after(this.#receiveTask, this.#stalledUntilMs - nowMs);
    return false;
  }

  #drawStall({ stall, fate }: WireEnd): void {
    if (stall !== null && !this.#hasStalled && this.bytesRead >= stall.afterBytes) {
      this.#hasStalled = true;
      this.#stallFor(stall.durationMs, "stalls");
    }
    if (this.#isBufferDrawn) return;
    this.#isBufferDrawn = true;
    const { faultRandom } = this.#network;
    if (!faultRandom.chance(fate.noBuffersProbability)) return;
    this.#stallFor(drawMs(fate.noBuffersMaximumMs, faultRandom), "has no buffer");
  }

  #stallFor(durationMs: number, why: string): void {
    this.#stalledUntilMs = Math.max(this.#stalledUntilMs, this.#network.nowMs + durationMs);
    this.#network.record(this.name, `${why} for ${durationMs} ms`);
  }

  /** Both directions have ended: nothing is left to happen on this connection. */
  #closeIfEnded(): void {
    if (!this.#isReadEnded || !this.#isWriteEnded || this.#phase !== "open") return;
    this.#phase = "closing";
    this.onWritable();
  }

  #finish(errno: number): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#sendQueue.clear();
    const { scheduler } = this.#network;
    scheduler.cancel(this.#connectTask);
    scheduler.cancel(this.#sendTask);
    scheduler.cancel(this.#receiveTask);
    if (this.#writeTimer !== null) this.#driver.stopTimer(this.#writeTimer);
    this.#network.record(this.name, `closed, errno ${errno}`);
    if (this.#isResetting) this.#end?.reset();
    else this.#end?.close();
    this.#driver.forget(this);
    this.handler.onClose(this, errno);
  }
}
