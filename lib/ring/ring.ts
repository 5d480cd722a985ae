/**
 * One thread's io_uring: commands are queued in shared memory, and {@linkcode Ring.enter} runs them,
 * waits, and leaves completions in shared memory, in one call.
 *
 * @module
 */
import * as abi from "../../ffi/abi.ts";
import type { Library } from "../../ffi/library.ts";
import { runtime } from "../../ffi/runtime.ts";
import { errnoName, RingError } from "./errors.ts";
import { explainOpenFailure } from "./open_failure.ts";
import type { OperationCommand } from "./operation_command.ts";
import type { RingOptions } from "./options.ts";

/** Counters of what a ring met, since it was opened. */
export interface RingCounters {
  /** Calls of io_uring_enter(2). */
  readonly enters: number;
  /** The completion queue was found overflowing. Nothing is lost by it. */
  readonly overflows: number;
  /** The submission queue was full and was submitted early. */
  readonly submissionQueueFull: number;
  /** The kernel answered EBUSY or EAGAIN, and commands were kept for the next turn. */
  readonly busy: number;
  /** Commands that the shim refused as invalid. */
  readonly refused: number;
}

/** Watches a ring from the runtime's own loop. */
export interface RingWatch {
  /** Muted, it costs the ring nothing, and hears of nothing; enter the ring once when that is over. */
  mute(isMuted: boolean): void;
  /** Have `onReady` called once more, after the runtime's other work has had its turn. */
  callAgain(): void;
  /** End it; `onReady` is not called any more once it is done. */
  stop(): Promise<void>;
}

/**
 * One thread's ring. Only the thread that opened it may use it, but for {@linkcode wakeRing}.
 *
 * Each function that queues a command takes the `slot` and `generation` that come back in its
 * completion: `slot` is a number up to 2^31, `generation` one up to 2^23.
 */
export class Ring {
  /** Names the ring in {@linkcode wakeRing} and {@linkcode closeRing}. */
  readonly handle: number;
  /** `FEATURE_*` bits of what this ring can do. */
  readonly features: number;
  /** All bytes that are received into and sent from. */
  readonly arena: Uint8Array;
  /** Completions, `COMPLETION_WORDS` words each. */
  readonly completions: Int32Array;
  readonly #functions: abi.Functions;
  readonly #library: Library;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #doubles: Float64Array;
  readonly #end: number;
  /** The word behind the last queued command. */
  #tail = FIRST;
  /** Commands that the kernel did not take even when the queue was full, in words. Older than those in the queue. */
  #overflow: number[] = [];
  #closed = false;

  /** Open a ring for this thread. Throws a {@linkcode RingError} with reason and cure. */
  constructor(library: Library, options: RingOptions) {
    this.#library = library;
    this.#functions = library.functions;
    const words = encodeOptions(options);
    const handle = library.functions.ringway_ring_open(words, words.length);
    if (handle < 0) throw explainOpenFailure(words[abi.OPTION_FAILED_STAGE] ?? 0, handle);
    this.handle = handle;
    this.features = library.functions.ringway_ring_info(handle, abi.INFO_FEATURES) >>> 0;
    const commands = this.#map(abi.AREA_COMMANDS);
    this.#words = new Int32Array(commands);
    this.#bytes = new Uint8Array(commands);
    this.#doubles = new Float64Array(commands, 0, abi.HEADER_WORDS / 2);
    this.#end = this.#words.length;
    this.completions = new Int32Array(this.#map(abi.AREA_COMPLETIONS));
    this.arena = new Uint8Array(this.#map(abi.AREA_ARENA));
  }

  #map(area: number): ArrayBuffer {
    const address = this.#functions.ringway_ring_address(this.handle, area);
    return runtime.map(address, this.#functions.ringway_ring_bytes(this.handle, area));
  }

  /**
   * Run all queued commands and wait for at least `minimum` completions, or `timeoutUs` microseconds
   * (0: do not wait, negative: no limit; then a {@linkcode timeout} should be under way). The number of
   * completions that stand in {@linkcode completions} now; valid until the next call.
   */
  enter(minimum: number, timeoutUs: number): number {
    if (this.#overflow.length > 0) this.#refill();
    const count = ((this.#tail - FIRST) / abi.COMMAND_WORDS) | 0;
    const completed = this.#functions.ringway_enter(this.handle, count, minimum, timeoutUs);
    this.#tail = FIRST + (this.#words[abi.HEADER_LEFTOVER] as number) * abi.COMMAND_WORDS;
    if (this.#overflow.length > 0) this.#stash(this.#overflow);
    if (completed < 0) {
      throw new RingError(`io_uring_enter failed: ${errnoName(completed)}`, "ERR_RING_ENTER", "enter", completed);
    }
    return completed;
  }

  /** The time as of the last {@linkcode enter}, in milliseconds of the machine's monotonic clock. */
  get nowMs(): number {
    return this.#doubles[abi.HEADER_NOW_MS / 2] as number;
  }

  /** The time right now, on the same clock. */
  readClock(): number {
    return this.#functions.ringway_now_ms();
  }

  /** How often the completion queue was found overflowing. The kernel hands the rest over in the next turns. */
  get overflows(): number {
    return this.#words[abi.HEADER_OVERFLOWS] as number;
  }

  /** Are commands waiting that the next {@linkcode enter} will submit? */
  get hasCommands(): boolean {
    return this.#tail !== FIRST || this.#overflow.length > 0;
  }

  /** Empty the queue into the overflow, in front of `newer` commands. */
  #stash(newer: number[]): void {
    const older: number[] = [];
    for (let i = FIRST; i < this.#tail; i++) older.push(this.#words[i] as number);
    this.#overflow = older.concat(newer);
    this.#tail = FIRST;
  }

  /** Let the queue begin with what overflowed. Whole commands only: each says how many records it has. */
  #refill(): void {
    const earlier = this.#overflow;
    this.#stash([]);
    const overflow = earlier.concat(this.#overflow);
    let next = 0;
    while (next < overflow.length) {
      const words = (1 + (overflow[next + abi.COMMAND_CONTINUATION] as number)) * abi.COMMAND_WORDS;
      if (this.#tail + words > this.#end) break;
      for (let i = 0; i < words; i++) this.#words[this.#tail + i] = overflow[next + i] as number;
      this.#tail += words;
      next += words;
    }
    this.#overflow = overflow.slice(next);
  }

  /** The word at which a command of `records` records is to be written, with its common part filled in. */
  #command(operation: number, descriptor: number, records: number, slot: number, generation: number): number {
    if (this.#tail + records * abi.COMMAND_WORDS > this.#end) this.#makeRoom(records);
    const at = this.#tail;
    const words = this.#words;
    words[at] = operation;
    words[at + abi.COMMAND_DESCRIPTOR] = descriptor;
    words[at + abi.COMMAND_CONTINUATION] = records - 1;
    words[at + abi.COMMAND_SLOT] = slot;
    words[at + abi.COMMAND_GENERATION] = generation << 8;
    this.#tail = at + records * abi.COMMAND_WORDS;
    return at;
  }

  /** Submit in the middle of a turn; what the kernel does not take even then waits in an array of its own. */
  #makeRoom(records: number): void {
    if (this.#overflow.length === 0) {
      const count = ((this.#tail - FIRST) / abi.COMMAND_WORDS) | 0;
      const leftover = this.#functions.ringway_submit(this.handle, count);
      if (leftover < 0) {
        throw new RingError(`io_uring_enter failed: ${errnoName(leftover)}`, "ERR_RING_ENTER", "submit", leftover);
      }
      this.#tail = FIRST + leftover * abi.COMMAND_WORDS;
      if (this.#tail + records * abi.COMMAND_WORDS <= this.#end) return;
    }
    const earlier = this.#overflow;
    this.#stash([]);
    this.#overflow = earlier.concat(this.#overflow);
  }

  /**
   * Accept connections on a listening descriptor until cancelled, one completion each; or one only, which is also
   * all that a kernel without multishot accept does.
   */
  accept(descriptor: number, isSingle: boolean, slot: number, generation: number): void {
    const at = this.#command(abi.OPERATION_ACCEPT, descriptor, 1, slot, generation);
    this.#words[at + abi.COMMAND_A] = isSingle ? 1 : 0;
  }

  /**
   * Receive into buffers of a group until cancelled, ended, out of buffers or, with `FEATURE_MULTISHOT_LIMIT`, past
   * `limit` bytes; one completion for each.
   */
  receiveMultishot(
    descriptor: number,
    group: number,
    limit: number,
    flags: number,
    slot: number,
    generation: number,
  ): void {
    const at = this.#command(abi.OPERATION_RECEIVE_MULTISHOT | flags, descriptor, 1, slot, generation);
    this.#words[at + abi.COMMAND_A] = group;
    this.#words[at + abi.COMMAND_B] = limit;
  }

  /** Receive once into a buffer of a group. */
  receive(descriptor: number, group: number, flags: number, slot: number, generation: number): void {
    const at = this.#command(abi.OPERATION_RECEIVE | flags, descriptor, 1, slot, generation);
    this.#words[at + abi.COMMAND_A] = group;
    this.#words[at + abi.COMMAND_B] = 0;
  }

  /** Send a piece of the arena, whole. */
  send(descriptor: number, offset: number, length: number, slot: number, generation: number): void {
    const at = this.#command(abi.OPERATION_SEND, descriptor, 1, slot, generation);
    this.#words[at + abi.COMMAND_A] = offset;
    this.#words[at + abi.COMMAND_B] = length;
  }

  /** Send as much of a piece of the arena as the socket takes now; -EAGAIN if that is nothing. */
  sendNow(descriptor: number, offset: number, length: number, slot: number, generation: number): void {
    const at = this.#command(abi.OPERATION_SEND | abi.COMMAND_FLAG_NO_WAIT, descriptor, 1, slot, generation);
    this.#words[at + abi.COMMAND_A] = offset;
    this.#words[at + abi.COMMAND_B] = length;
  }

  /**
   * Send `count` pieces of the arena, 2 to `VECTOR_PIECES`, whole and in order. Each piece is then
   * to be set by {@linkcode setPiece}, before any other call.
   */
  sendVector(descriptor: number, count: number, slot: number, generation: number): number {
    const records = 1 + (((count * 2 + abi.COMMAND_WORDS - 1) / abi.COMMAND_WORDS) | 0);
    const at = this.#command(abi.OPERATION_SEND_VECTOR, descriptor, records, slot, generation);
    this.#words[at + abi.COMMAND_A] = count;
    return at + abi.COMMAND_WORDS;
  }

  /** Set a piece of the vector that {@linkcode sendVector} returned. */
  setPiece(vector: number, index: number, offset: number, length: number): void {
    this.#words[vector + index * 2] = offset;
    this.#words[vector + index * 2 + 1] = length;
  }

  /** Connect to a socket address (the bytes of a struct sockaddr). */
  connect(descriptor: number, address: Uint8Array, slot: number, generation: number): void {
    const records = 1 + (((address.length + COMMAND_BYTES - 1) / COMMAND_BYTES) | 0);
    const at = this.#command(abi.OPERATION_CONNECT, descriptor, records, slot, generation);
    this.#words[at + abi.COMMAND_A] = address.length;
    this.#bytes.set(address, (at + abi.COMMAND_WORDS) * 4);
  }

  /** Shut down a direction of a connection; completes only if it fails. */
  shutdown(descriptor: number, how: number, slot: number, generation: number): void {
    const at = this.#command(abi.OPERATION_SHUTDOWN, descriptor, 1, slot, generation);
    this.#words[at + abi.COMMAND_A] = how;
  }

  /** Close a descriptor of the ring; completes only if it fails. */
  close(descriptor: number): void {
    this.#command(abi.OPERATION_CLOSE, descriptor, 1, -1, 0);
  }

  /** Close a descriptor of the ring so that its peer gets a reset; completes only if it fails. */
  reset(descriptor: number): void {
    this.#command(abi.OPERATION_RESET, descriptor, 1, -1, 0);
  }

  /** Cancel the request that was queued with this operation, slot and generation. */
  cancel(operation: number, slot: number, generation: number): void {
    const at = this.#command(abi.OPERATION_CANCEL, -1, 1, -1, 0);
    this.#words[at + abi.COMMAND_A] = slot;
    this.#words[at + abi.COMMAND_B] = (generation << 8) | operation;
  }

  /** Wait once for poll(2) events on a descriptor of the ring; POLLERR, POLLHUP and POLLRDHUP are always among them. */
  poll(descriptor: number, mask: number, slot: number, generation: number): void {
    const at = this.#command(abi.OPERATION_POLL, descriptor, 1, slot, generation);
    this.#words[at + abi.COMMAND_A] = mask;
    this.#words[at + abi.COMMAND_B] = 0;
  }

  /** Wait for poll(2) events until cancelled: a completion for each change. */
  pollMultishot(descriptor: number, mask: number, slot: number, generation: number): void {
    const at = this.#command(abi.OPERATION_POLL, descriptor, 1, slot, generation);
    this.#words[at + abi.COMMAND_A] = mask;
    this.#words[at + abi.COMMAND_B] = 1;
  }

  /** A second {@linkcode pollMultishot} of the same connection, told apart by its operation. */
  pollWritable(descriptor: number, mask: number, slot: number, generation: number): void {
    const at = this.#command(abi.OPERATION_POLL_WRITABLE, descriptor, 1, slot, generation);
    this.#words[at + abi.COMMAND_A] = mask;
    this.#words[at + abi.COMMAND_B] = 1;
  }

  /** Hand a buffer to the kernel, to receive into. */
  provide(buffer: number): void {
    const at = this.#command(abi.OPERATION_PROVIDE, -1, 1, -1, 0);
    this.#words[at + abi.COMMAND_A] = buffer;
  }

  /** Complete when another thread calls {@linkcode wakeRing}. Once: it is to be queued again. */
  wake(slot: number, generation: number): void {
    this.#command(abi.OPERATION_WAKE, -1, 1, slot, generation);
  }

  /** Complete with -ETIME after `microseconds`. */
  timeout(microseconds: number, slot: number, generation: number): void {
    const at = this.#command(abi.OPERATION_TIMEOUT, -1, 1, slot, generation);
    this.#words[at + abi.COMMAND_A] = microseconds;
  }

  /** Complete with 0 in the next turn. */
  nop(slot: number, generation: number): void {
    this.#command(abi.OPERATION_NOP, -1, 1, slot, generation);
  }

  /** Queue an operation that is no connection's. Throws a RangeError for one that is. */
  queueOperation(command: OperationCommand, slot: number, generation: number): void {
    // A connection's would complete to the connection that has the slot.
    if (!(command.operation >= abi.OPERATION_OPEN_FILE && command.operation <= abi.OPERATION_DELAY)) {
      throw new RangeError(`Operation ${command.operation} is none that can be queued by its number`);
    }
    const more = command.words ?? [];
    const records = 1 + Math.ceil(more.length / abi.COMMAND_WORDS);
    const at = this.#command(command.operation, command.descriptor ?? -1, records, slot, generation);
    this.#words[at + abi.COMMAND_A] = command.a ?? 0;
    this.#words[at + abi.COMMAND_B] = command.b ?? 0;
    this.#words[at + abi.COMMAND_C] = command.c ?? 0;
    this.#words.set(more, at + abi.COMMAND_WORDS);
  }

  /** Memory of `bytes` (up to 2^30) for the operations that are no connection's. Once; may throw a RingError. */
  openOperations(bytes: number): Uint8Array {
    const opened = this.#functions.ringway_operations_open(this.handle, bytes);
    if (opened < 0) {
      const reason = `No memory of ${bytes} bytes for operations: ${errnoName(opened)}`;
      throw new RingError(reason, "ERR_RING_MEMORY", "open memory for operations", opened);
    }
    return new Uint8Array(this.#map(abi.AREA_OPERATIONS));
  }

  /** A datagram socket bound to an address of IPv4 or IPv6. Its descriptor, or a negative errno. */
  openDatagramSocket(address: Uint8Array, flags: number): number {
    return this.#functions.ringway_datagram_open(this.handle, address, address.length, flags);
  }

  /**
   * Take unused buffers of a group back from the kernel, as many as `takenBack` has room for, and
   * return their memory to the system. How many were taken; none on kernels before 6.1.
   */
  withdrawBuffers(group: number, takenBack: Int32Array): number {
    return Math.max(0, this.#functions.ringway_buffers_withdraw(this.handle, group, takenBack, takenBack.length));
  }

  /** Open a stream socket for an address family. Its descriptor, or a negative errno. */
  openSocket(family: number): number {
    return this.#functions.ringway_socket_open(this.handle, family);
  }

  /** The pending error of a socket (SO_ERROR), as a positive errno, or 0. */
  socketError(descriptor: number): number {
    return this.#functions.ringway_socket_get(descriptor, abi.SOCKET_OPTION_FAILURE);
  }

  /** Set a `SOCKET_OPTION_*`. 0 or a negative errno. */
  setSocketOption(descriptor: number, option: number, value: number): number {
    return this.#functions.ringway_socket_set(descriptor, option, value);
  }

  /** A `SOCKET_OPTION_*`, or a negative errno. */
  socketOption(descriptor: number, option: number): number {
    return this.#functions.ringway_socket_get(descriptor, option);
  }

  /** The bytes of a socket's local or remote address, empty if it has none any more. */
  socketName(descriptor: number, peer: boolean): Uint8Array {
    const address = new Uint8Array(abi.ADDRESS_BYTES);
    const length = this.#functions.ringway_socket_name(descriptor, peer ? 1 : 0, address, address.length);
    return address.subarray(0, Math.max(0, length));
  }

  /** Watch the ring from the runtime's own loop: `onReady` runs when completions wait for {@linkcode enter}. */
  watch(onReady: () => void): RingWatch {
    const event = this.#functions.ringway_ring_event(this.handle);
    if (event < 0) {
      throw new RingError(`Cannot watch the ring: ${errnoName(event)}`, "ERR_RING_WATCH", "watch", event);
    }
    const mute = (isMuted: boolean) => {
      this.#functions.ringway_ring_event_mute(this.handle, isMuted ? 1 : 0);
    };
    // It may have been left so by the last one.
    mute(false);
    const watch = runtime.watch(event, this.#library.path, () => {
      // First, so that what completes from now on is heard of. Bun has done so already, Deno leaves it readable.
      this.#functions.ringway_event_drain(event);
      onReady();
    });
    return {
      mute,
      callAgain: () => {
        this.#functions.ringway_event_signal(event);
      },
      stop: async () => {
        mute(true);
        const stopped = watch.stop();
        // Closed with the ring, and the number may be another descriptor's by now.
        if (!this.#closed) this.#functions.ringway_event_signal(event);
        await stopped;
      },
    };
  }

  /** What the ring met so far. */
  counters(): RingCounters {
    const words = this.#words;
    return {
      enters: (words[abi.HEADER_ENTERS] as number) >>> 0,
      overflows: (words[abi.HEADER_OVERFLOWS] as number) >>> 0,
      submissionQueueFull: (words[abi.HEADER_SUBMISSION_QUEUE_FULL] as number) >>> 0,
      busy: (words[abi.HEADER_BUSY] as number) >>> 0,
      refused: (words[abi.HEADER_REFUSED] as number) >>> 0,
    };
  }

  /** One of `INFO_*`. */
  info(which: number): number {
    return this.#functions.ringway_ring_info(this.handle, which);
  }

  /** Close the ring and all descriptors that it still owns. */
  closeRing(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeRing(this.#library, this.handle);
  }
}

const FIRST = abi.HEADER_WORDS;
const COMMAND_BYTES = abi.COMMAND_WORDS * 4;

function encodeOptions(options: RingOptions): Int32Array {
  const words = new Int32Array(abi.OPTION_COUNT);
  words[abi.OPTION_SUBMISSION_ENTRIES] = options.submissionEntries;
  words[abi.OPTION_COMPLETION_ENTRIES] = options.completionEntries;
  words[abi.OPTION_SUBMISSION_QUEUE_POLLING] = options.submissionQueuePolling ? 1 : 0;
  words[abi.OPTION_SUBMISSION_QUEUE_IDLE_MS] = options.submissionQueueIdleMs;
  words[abi.OPTION_SMALL_COUNT] = options.smallBuffers.count;
  words[abi.OPTION_SMALL_BYTES] = options.smallBuffers.bytes;
  words[abi.OPTION_BULK_COUNT] = options.bulkBuffers.count;
  words[abi.OPTION_BULK_BYTES] = options.bulkBuffers.bytes;
  words[abi.OPTION_WRITE_COUNT] = options.writeBuffers.count;
  words[abi.OPTION_WRITE_BYTES] = options.writeBuffers.bytes;
  words[abi.OPTION_COMMAND_CAPACITY] = options.commandCapacity;
  words[abi.OPTION_COMPLETION_CAPACITY] = options.completionCapacity;
  words[abi.OPTION_DISABLED_FEATURES] = options.disabledFeatures;
  return words;
}

/** Complete the `wake` command of a ring. From any thread; false if the ring is closed. */
export function wakeRing(library: Library, handle: number): boolean {
  return library.functions.ringway_wake(handle) === 0;
}

/** Close a ring whose thread has ended without doing so, and all descriptors that it owned. */
export function closeRing(library: Library, handle: number): void {
  library.functions.ringway_ring_close(handle);
}
