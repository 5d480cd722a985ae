/**
 * Sockets on io_uring: one driver per thread, which owns the ring and everything on it.
 *
 * A turn is: queue what was asked for, one call into the kernel, handle what completed. Who calls
 * {@linkcode UringDriver.turn} decides how the thread waits: see `parked_loop.ts` and `bridged_loop.ts`.
 *
 * @module
 */
import * as abi from "../../../ffi/abi.ts";
import { RingwayError } from "../../../ffi/errors.ts";
import type { Library } from "../../../ffi/library.ts";
import { BufferPool, type BufferWaiter } from "../../ring/buffer_pool.ts";
import { errnoName } from "../../ring/errors.ts";
import { type Lease, leaseBytes } from "../../ring/lease.ts";
import type { RingOptions } from "../../ring/options.ts";
import { Ring } from "../../ring/ring.ts";
import { Timer, TimerWheel } from "../../ring/timer_wheel.ts";
import { ADDRESS_FAMILY, decodeAddress, encodeAddress, formatAddress, type SocketAddress } from "../address.ts";
import type { ConnectionHandler, ConnectionOptions, Listener, ListenerHandler } from "../connection.ts";
import type { Driver, DriverReporter, ListenOptions } from "../driver.ts";
import { SocketError } from "../errors.ts";
import { UserCode } from "../user_code.ts";
import { UringConnection } from "./connection.ts";
import { UringListener } from "./listener.ts";
import type { OperationOwner } from "./operation_owner.ts";
import { armReceive } from "./receive.ts";
import { giveWay } from "./stalled.ts";
import {
  AWAITS_WRITE_BUFFER,
  CLOSED,
  CLOSING,
  CONNECTED,
  DIRTY,
  PENDING_CONNECT,
  READING_PAUSED,
  RESETTING,
  SETTLING,
  SINGLE_RECEIVES,
  STARVED,
} from "./state.ts";

/** What a driver is made with. */
export interface UringDriverOptions {
  /** The loaded shim. */
  readonly library: Library;
  /** Sizes of the ring. */
  readonly ring: RingOptions;
  /** Limits and times of connections. */
  readonly connection: ConnectionOptions;
  /** Accepts that are kept pending per listener on kernels without multishot accept. */
  readonly acceptSize: number;
  /** Told what no handler can be told. */
  readonly reporter: DriverReporter;
}

/** Buffers that were needed in a peak are looked at this often, until they are given back. */
const SHRINK_INTERVAL_MS = 1000;

/** Write buffers that are kept for bytes from outside the arena. */
const WRITE_BUFFERS_FOR_COPIES = 32;
/** While connections wait for buffers: how long a send may be pending before it has to give way. */
const SCARCE_STALL_MS = 20;

/** See the module. */
export class UringDriver implements Driver, BufferWaiter {
  readonly name = "uring";
  readonly connectionOptions: ConnectionOptions;
  readonly userCode: UserCode = new UserCode();
  /** @internal */
  readonly ring: Ring;
  /** @internal */
  readonly pool: BufferPool;
  /** @internal Connections that wait for small buffers, the longest waiting first. */
  readonly starved: UringConnection[] = [];
  /** @internal No bulk buffer is free: bulk connections use small ones until one is. */
  isBulkExhausted = false;
  /** @internal */
  hasMultishotReceive: boolean;
  /** @internal */
  readonly hasMultishotLimit: boolean;
  /** @internal Who has operations that are no connection's, once somebody has. */
  operationOwner: OperationOwner | null = null;
  /** Was the ring woken by another thread since {@linkcode takeWake}? */
  #woken = false;
  #connections: (UringConnection | null)[] = [];
  #generations: number[] = [];
  #freeSlots: number[] = [];
  #connectionCount = 0;
  readonly #listeners: (UringListener | null)[] = [];
  #dirty: UringConnection[] = [];
  #settlingNow: UringConnection[] = [];
  #settlingNext: UringConnection[] = [];
  readonly #awaitingWriteBuffer: UringConnection[] = [];
  readonly #timers: TimerWheel;
  readonly #shrinkTimer: Timer;
  readonly #scarcityTimer: Timer;
  readonly #options: UringDriverOptions;
  readonly #completionCapacity: number;
  /** Completions that named a connection which is gone. Always 0 unless there is a bug. */
  #stale = 0;
  #onQueued: (() => void) | null = null;
  /** Is a turn under way? */
  #turning = false;
  /** Did the last turn leave completions in the kernel? */
  #hasMoreCompletions = false;
  #overflows = 0;
  #turnMs: number;
  #closing: Promise<void> | null = null;
  #closed = false;
  /** Is a timeout under way in the ring? */
  #timeoutArmed = false;

  /** Open a ring for this thread. Throws a RingError with reason and cure. */
  constructor(options: UringDriverOptions) {
    this.#options = options;
    this.connectionOptions = options.connection;
    this.ring = new Ring(options.library, options.ring);
    this.#turnMs = this.ring.nowMs;
    this.#timers = new TimerWheel(this.#turnMs);
    this.hasMultishotReceive = (this.ring.features & abi.FEATURE_MULTISHOT_RECEIVE) !== 0;
    this.hasMultishotLimit = (this.ring.features & abi.FEATURE_MULTISHOT_LIMIT) !== 0;
    this.pool = new BufferPool(this.ring, options.ring, this);
    this.#shrinkTimer = new Timer(() => this.#shrink());
    this.#scarcityTimer = new Timer(() => this.#onScarcity());
    this.#completionCapacity = this.ring.completions.length / abi.COMPLETION_WORDS;
  }

  get nowMs(): number {
    // Outside of a turn, in user code that goes on, the last one may be long ago.
    if (!this.#turning && !this.#closed) this.#turnMs = this.ring.readClock();
    return this.#turnMs;
  }

  /** @internal When the last turn was, or the clock was read last. */
  get turnMs(): number {
    return this.#turnMs;
  }

  get connectionCount(): number {
    return this.#connectionCount;
  }

  /** Completions that named a connection which is gone: a bug, if there are any. */
  get staleCompletions(): number {
    return this.#stale;
  }

  startTimer(timer: Timer, delayMs: number): void {
    this.#timers.start(timer, this.nowMs, delayMs);
    this.wakeLoop();
  }

  stopTimer(timer: Timer): void {
    this.#timers.stop(timer);
  }

  /** Milliseconds until a turn is needed even if nothing completes; -1 when none is. */
  untilNextTurnMs(): number {
    const timerMs = this.#timers.untilNextMs(this.#turnMs);
    if (!this.#isSettling) return timerMs;
    return timerMs < 0 ? SETTLE_WAIT_MS : Math.min(timerMs, SETTLE_WAIT_MS);
  }

  listen(address: SocketAddress, handler: ListenerHandler, options: ListenOptions = {}): Promise<Listener> {
    return new Promise((resolve) => {
      if (this.#closing !== null) throw closedError("listen");
      const isOwn = options.descriptor === undefined;
      const descriptor = options.descriptor ?? openListener(this.#options.library, address, options);
      const bound = boundAddress(this.#options.library, descriptor) ?? address;
      const listener = new UringListener(
        this,
        handler,
        descriptor,
        isOwn,
        bound,
        this.#listeners.length,
        this.#acceptSize(),
      );
      this.#listeners.push(listener);
      listener.acceptSingly(options.acceptSingly ?? false);
      listener.resume();
      resolve(listener);
    });
  }

  /** @internal */
  get hasMultishotAccept(): boolean {
    return (this.ring.features & abi.FEATURE_MULTISHOT_ACCEPT) !== 0;
  }

  #acceptSize(): number {
    return this.hasMultishotAccept ? 1 : this.#options.acceptSize;
  }

  connect(address: SocketAddress, handler: ConnectionHandler): UringConnection {
    if (this.#closed) throw closedError("connect");
    // First, as it may throw.
    const bytes = encodeAddress(address);
    const descriptor = this.#closing === null ? this.ring.openSocket(ADDRESS_FAMILY[address.family]) : -abi.ECANCELED;
    const c = this.#add(handler, descriptor, stateOf(address));
    if (descriptor < 0) {
      c.errno = -descriptor;
      c.state |= CLOSING;
      this.markDirty(c);
      return c;
    }
    c.pending |= PENDING_CONNECT;
    this.ring.connect(descriptor, bytes, c.slot, c.generation);
    this.wakeLoop();
    return c;
  }

  /** @internal A connection that a listener at `address` accepted. */
  accepted(descriptor: number, handler: ListenerHandler, address: SocketAddress): void {
    if (this.#closing !== null) {
      this.ring.close(descriptor);
      return;
    }
    const c = this.#add(UNATTENDED, descriptor, CONNECTED | stateOf(address));
    try {
      c.handler = handler.onAccept(c);
    } catch (error) {
      this.#options.reporter.onHandlerError(error);
      c.reset();
      return;
    }
    armReceive(c, abi.COMMAND_FLAG_POLL_FIRST);
  }

  #add(handler: ConnectionHandler, descriptor: number, state: number): UringConnection {
    const slot = this.#freeSlots.pop() ?? this.#connections.length;
    const generation = ((this.#generations[slot] ?? 0) + 1) & GENERATION_MASK;
    this.#generations[slot] = generation;
    const c = new UringConnection(this, handler, slot, generation, descriptor, state);
    this.#connections[slot] = c;
    this.#connectionCount++;
    return c;
  }

  /** @internal */
  releaseSlot(c: UringConnection): void {
    this.#connections[c.slot] = null;
    this.#freeSlots.push(c.slot);
    this.#connectionCount--;
    for (const listener of this.#listeners) listener?.onDescriptorFreed();
  }

  /** @internal Service a connection at the end of this turn. */
  markDirty(c: UringConnection): void {
    if (c.state & DIRTY) return;
    c.state |= DIRTY;
    this.#dirty.push(c);
    this.wakeLoop();
  }

  /** @internal Look at a connection whose reading was paused or has ended again, at the end of the next turn. */
  settleLater(c: UringConnection): void {
    if (c.state & SETTLING) return;
    c.state |= SETTLING;
    this.#settlingNext.push(c);
    this.wakeLoop();
  }

  /** @internal */
  awaitWriteBuffer(c: UringConnection): void {
    if (c.state & AWAITS_WRITE_BUFFER) return;
    c.state |= AWAITS_WRITE_BUFFER;
    this.#awaitingWriteBuffer.push(c);
    this.pool.await(abi.GROUP_WRITE);
    this.#noticeScarcity();
  }

  /** @internal */
  disableMultishotReceive(errno: number): void {
    if (!this.hasMultishotReceive) return;
    this.hasMultishotReceive = false;
    this.#options.reporter.onNotice(
      `the kernel refuses multishot receives (${errnoName(errno)}): receiving one at a time, which costs more CPU`,
    );
  }

  /** @internal Say something that no caller can be told. */
  report(message: string): void {
    this.#options.reporter.onNotice(message);
  }

  allocate(bytes: number): Lease {
    // The last ones are for copies, which nothing else can take the place of.
    if (bytes <= this.pool.writeBytes && this.pool.available(abi.GROUP_WRITE) > WRITE_BUFFERS_FOR_COPIES) {
      return this.pool.writable() as Lease;
    }
    return leaseBytes(new Uint8Array(bytes));
  }

  /** @internal True if the kernel has small buffers again. */
  replenishSmall(): boolean {
    this.#startShrinking();
    if (this.pool.replenish(abi.GROUP_SMALL)) return true;
    this.#noticeScarcity();
    return false;
  }

  /** @internal More bulk buffers, or none for a while. */
  replenishBulk(): void {
    this.#startShrinking();
    this.isBulkExhausted = !this.pool.replenish(abi.GROUP_BULK);
  }

  onBuffersAvailable(group: number): void {
    if (group === abi.GROUP_BULK) {
      this.isBulkExhausted = false;
      return;
    }
    const isSmall = group === abi.GROUP_SMALL;
    const waiting = isSmall ? this.starved : this.#awaitingWriteBuffer;
    // Who does not want it any more must not use up the chance of the next one.
    const unwanted = isSmall ? CLOSING | CLOSED | READING_PAUSED : RESETTING | CLOSED;
    for (let c = waiting.shift(); c !== undefined; c = waiting.shift()) {
      c.state &= ~(isSmall ? STARVED : AWAITS_WRITE_BUFFER);
      if (c.state & unwanted) continue;
      this.markDirty(c);
      break;
    }
    // One buffer, one connection: the next one waits for the next buffer.
    if (waiting.length > 0) this.pool.await(group);
  }

  #startShrinking(): void {
    if (!this.#shrinkTimer.isStarted) this.startTimer(this.#shrinkTimer, SHRINK_INTERVAL_MS);
  }

  #noticeScarcity(): void {
    if (!this.#scarcityTimer.isStarted) this.startTimer(this.#scarcityTimer, SCARCE_STALL_MS);
  }

  /** Connections wait for buffers, and those that have them are to need them no longer than it takes to send them. */
  #onScarcity(): void {
    if (this.starved.length + this.#awaitingWriteBuffer.length === 0) return;
    for (const c of this.#connections) if (c) giveWay(c, this.nowMs - SCARCE_STALL_MS);
    // Whoever was called for a buffer may have found no use for it, such as a reset instead of bytes.
    const available = Math.min(this.starved.length, this.pool.available(abi.GROUP_SMALL));
    for (let called = 0; called < available; called++) this.onBuffersAvailable(abi.GROUP_SMALL);
    this.#noticeScarcity();
  }

  /** Nobody waits for bulk buffers, but small ones cost more; half of them are enough to go on with. */
  #freeBulkBuffers(): void {
    let wanted = Math.ceil(this.pool.bulkCount / 2);
    for (const c of this.#connections) {
      const first = c?.sendQueue.head ?? null;
      if (first === null || !this.pool.isBulk(first)) continue;
      giveWay(c as UringConnection, this.nowMs - SHRINK_INTERVAL_MS);
      if (--wanted === 0) return;
    }
  }

  #shrink(): void {
    if (this.isBulkExhausted) this.#freeBulkBuffers();
    this.pool.shrink();
    if (this.pool.isGrown) this.#startShrinking();
  }

  /**
   * One turn of the loop: wait up to `maximumWaitMs` for completions, a timer or a wake-up, and handle
   * them. The number of completions.
   */
  turn(maximumWaitMs: number): number {
    if (this.#closed) return 0;
    this.#turning = true;
    try {
      this.#service();
      const waitUs = Math.ceil(this.#waitMs(maximumWaitMs) * 1000);
      const count = waitUs > 0 ? this.ring.enter(1, this.#armTimeout(waitUs)) : this.ring.enter(0, 0);
      this.#turnMs = this.ring.nowMs;
      this.#hasMoreCompletions = count === this.#completionCapacity || this.ring.overflows !== this.#overflows;
      this.#overflows = this.ring.overflows;
      this.#handle(count);
      this.#expireTimers();
      this.#service();
      this.#settle();
      this.pool.endTurn();
      return count;
    } finally {
      this.#turning = false;
    }
  }

  #expireTimers(): void {
    for (;;) {
      try {
        this.#timers.advance(this.#turnMs);
        return;
      } catch (error) {
        this.#options.reporter.onHandlerError(error);
      }
    }
  }

  /**
   * A timeout given to each wait costs a kernel timer each time. One that is under way in the ring
   * already ends the wait as well, if it is early enough, and most are.
   */
  #armTimeout(waitUs: number): number {
    if (waitUs < LONG_WAIT_US) return waitUs;
    if (!this.#timeoutArmed) {
      this.#timeoutArmed = true;
      this.ring.timeout(LONG_WAIT_US, 0, 0);
    }
    return -1;
  }

  #waitMs(maximumMs: number): number {
    const waitMs = this.#isSettling ? Math.min(maximumMs, SETTLE_WAIT_MS) : maximumMs;
    const timerMs = this.#timers.untilNextMs(this.#turnMs);
    return timerMs >= 0 && timerMs < waitMs ? timerMs : waitMs;
  }

  get #isSettling(): boolean {
    return this.#settlingNow.length > 0 || this.#settlingNext.length > 0;
  }

  #handle(count: number): void {
    let index = 0;
    while (index < count) {
      try {
        for (; index < count; index++) this.#dispatch(index * abi.COMPLETION_WORDS);
      } catch (error) {
        this.#onHandlerError(error, index * abi.COMPLETION_WORDS);
        index++;
      }
    }
  }

  #dispatch(at: number): void {
    const completions = this.ring.completions;
    const slot = completions[at] as number;
    const tag = completions[at + abi.COMPLETION_GENERATION_OPERATION] as number;
    const result = completions[at + abi.COMPLETION_RESULT] as number;
    const flags = completions[at + abi.COMPLETION_FLAGS] as number;
    const operation = tag & 0xff;
    switch (operation) {
      case abi.OPERATION_ACCEPT:
        this.#listeners[slot]?.onAccepted(tag >>> 8, result, flags);
        return;
      case abi.OPERATION_TIMEOUT:
        this.#timeoutArmed = false;
        return;
      case abi.OPERATION_WAKE:
        this.#woken = true;
        return;
      // These complete only when they fail, and their connection is past caring.
      case abi.OPERATION_CANCEL:
      case abi.OPERATION_CLOSE:
      case abi.OPERATION_RESET:
      case abi.OPERATION_SHUTDOWN:
      case abi.OPERATION_PROVIDE:
      case abi.OPERATION_NOP:
        return;
      case abi.OPERATION_OPEN_FILE:
      case abi.OPERATION_READ_FILE:
      case abi.OPERATION_WRITE_FILE:
      case abi.OPERATION_SYNC_FILE:
      case abi.OPERATION_FILE_STATUS:
      case abi.OPERATION_CLOSE_FILE:
      case abi.OPERATION_SEND_DATAGRAM:
      case abi.OPERATION_RECEIVE_DATAGRAM:
      case abi.OPERATION_POLL_ONCE:
      case abi.OPERATION_DELAY:
        if (this.operationOwner?.complete(slot, tag >>> 8, result) !== true) this.#stale++;
        return;
    }
    const c = this.#connections[slot];
    if (c === null || c === undefined || c.generation !== tag >>> 8) {
      this.#stale++;
      return;
    }
    c.complete(operation, result, flags);
  }

  #onHandlerError(error: unknown, at: number): void {
    this.#options.reporter.onHandlerError(error);
    const completions = this.ring.completions;
    const tag = completions[at + abi.COMPLETION_GENERATION_OPERATION] as number;
    // The slot of an accept is a listener's, and those from the opening of a file on are no connection's either.
    const operation = tag & 0xff;
    if (operation === abi.OPERATION_ACCEPT || operation >= abi.OPERATION_OPEN_FILE) return;
    const c = this.#connections[completions[at] as number];
    if (c?.generation === tag >>> 8) c.reset();
  }

  /** Carry out what was asked of connections in this turn. More may be asked meanwhile. */
  #service(): void {
    const dirty = this.#dirty;
    for (let index = 0; index < dirty.length; index++) {
      const c = dirty[index] as UringConnection;
      c.state &= ~DIRTY;
      try {
        c.service();
      } catch (error) {
        this.#options.reporter.onHandlerError(error);
        c.reset();
      }
      // The last one that was called for a write buffer may have found no use for it.
      if (this.#awaitingWriteBuffer.length > 0 && this.pool.available(abi.GROUP_WRITE) > 0) {
        this.onBuffersAvailable(abi.GROUP_WRITE);
      }
    }
    dirty.length = 0;
  }

  #settle(): void {
    if (!this.#isSettling) return;
    const settling = this.#settlingNow;
    for (let index = 0; index < settling.length; index++) {
      const c = settling[index] as UringConnection;
      c.state &= ~SETTLING;
      try {
        c.settle();
      } catch (error) {
        this.#options.reporter.onHandlerError(error);
        c.reset();
      }
    }
    settling.length = 0;
    this.#settlingNow = this.#settlingNext;
    this.#settlingNext = settling;
  }

  /** Has the ring to be entered without waiting? */
  get hasWork(): boolean {
    return this.#dirty.length > 0 || this.#hasMoreCompletions || this.ring.hasCommands;
  }

  /** Let {@linkcode wakeRing} end the wait of a turn. */
  armWake(): void {
    this.ring.wake(0, 0);
  }

  /** Was the ring woken since the last call? If so, waking is to be armed again. */
  takeWake(): boolean {
    const woken = this.#woken;
    this.#woken = false;
    return woken;
  }

  /** @internal Is the loop a guest in the runtime's own, so that what awaits a promise gets on by itself? */
  get isBridged(): boolean {
    return this.#onQueued !== null;
  }

  /** @internal Call `onQueued` whenever something is asked for, for a loop that does not turn by itself. */
  notifyQueued(onQueued: (() => void) | null): void {
    this.#onQueued = onQueued;
  }

  /** @internal Something was asked for: a loop that does not turn by itself has to. */
  wakeLoop(): void {
    this.#onQueued?.();
  }

  /** @internal Close a descriptor that the process owns. */
  closeDescriptor(descriptor: number): void {
    this.#options.library.functions.ringway_socket_close(descriptor);
  }

  /** @internal */
  removeListener(listener: UringListener): void {
    this.#listeners[listener.slot] = null;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // A handler may have asked for it, in the middle of a turn.
    await null;
    for (const listener of this.#listeners) listener?.close();
    for (const c of this.#connections) c?.reset();
    this.operationOwner?.cancelAll();
    const deadlineMs = this.ring.readClock() + CLOSE_WAIT_MS;
    while (this.#isInUse && this.nowMs < deadlineMs) this.turn(CLOSE_TURN_MS);
    // A reset is a command too, and would be no reset if the ring were closed before it.
    while (this.ring.hasCommands && this.nowMs < deadlineMs) this.turn(0);
    this.#closed = true;
    this.ring.closeRing();
    this.#abandonOperations();
  }

  #abandonOperations(): void {
    for (;;) {
      try {
        this.operationOwner?.abandon();
        return;
      } catch (error) {
        this.#options.reporter.onHandlerError(error);
      }
    }
  }

  /** Has {@linkcode close} done its work? There is nothing to turn for any more. */
  get isClosed(): boolean {
    return this.#closed;
  }

  get #isInUse(): boolean {
    if (this.#connectionCount > 0 || (this.operationOwner?.inFlight ?? 0) > 0) return true;
    return this.#listeners.some((listener) => listener !== null);
  }

  /** Is there anything to turn the loop for: a connection, a listener, a timer of somebody's, a command? */
  get isInUse(): boolean {
    const ownTimers = (this.#shrinkTimer.isStarted ? 1 : 0) + (this.#scarcityTimer.isStarted ? 1 : 0);
    return this.#isInUse || this.#timers.size > ownTimers || this.hasWork;
  }
}

/**
 * A multishot receive misses the end of a unix socket that comes together with the last bytes: the kernel
 * (since Linux 6.17) takes the socket to be empty then and waits for a change that has happened already.
 */
function stateOf(address: SocketAddress): number {
  return address.family === "unix" ? SINGLE_RECEIVES : 0;
}

const GENERATION_MASK = 0xffffff;
/** Waits that may last at least this long end by a timeout in the ring. */
const LONG_WAIT_US = 50_000;
/** A pause is settled in the turn after it began, which should not wait for long. */
const SETTLE_WAIT_MS = 5;
/** How long closing waits for the kernel to give everything back, before the ring is closed regardless. */
const CLOSE_WAIT_MS = 2000;
const CLOSE_TURN_MS = 10;
const DEFAULT_BACKLOG = 4096;

function closedError(operation: string): RingwayError {
  return new RingwayError(`Cannot ${operation}: the driver is closed`, {
    code: "ERR_DRIVER_CLOSED",
    source: "internal",
    operation,
  });
}

/** A connection's handler until its listener's handler has named one. */
const UNATTENDED: ConnectionHandler = {
  onConnect() {},
  onData(_connection, lease) {
    lease.release();
  },
  onEnd() {},
  onDrain() {},
  onClose() {},
};

/** Bind and listen. Throws a {@linkcode SocketError} that says what to do. */
export function openListener(library: Library, address: SocketAddress, options: ListenOptions): number {
  const flags =
    (options.reusePort ? abi.LISTEN_FLAG_REUSE_PORT : 0) | (options.ipv6Only ? abi.LISTEN_FLAG_IPV6_ONLY : 0);
  const bytes = encodeAddress(address);
  const descriptor = library.functions.ringway_socket_listen(
    bytes,
    bytes.length,
    options.backlog ?? DEFAULT_BACKLOG,
    flags,
  );
  if (descriptor < 0) throw new SocketError(descriptor, "listen on", formatAddress(address));
  return descriptor;
}

/** Where a listening descriptor is bound. */
export function boundAddress(library: Library, descriptor: number): SocketAddress | null {
  const bytes = new Uint8Array(abi.ADDRESS_BYTES);
  const length = library.functions.ringway_socket_name(descriptor, 0, bytes, bytes.length);
  return decodeAddress(bytes.subarray(0, Math.max(0, length)));
}
