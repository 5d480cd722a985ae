/**
 * The commands of operations, for {@linkcode Operations.submit}: each function fills in the words of one.
 *
 * @module
 */
import * as abi from "../../ffi/abi.ts";
import { decodeAddress, encodeAddress, type IpAddress } from "../net/address.ts";
import { checkPosition } from "./checks.ts";
import { argumentError } from "./errors.ts";
import type { OperationBuffer } from "./operation_memory.ts";
import type { BufferedCommand } from "./operation_queue.ts";
import { type PollRequest, pollMask } from "./poll_events.ts";

/** How to open a file. */
export interface OpenFlags {
  /** What it is opened for; by default `"read"`. */
  readonly access?: "read" | "write" | "read-write";
  /** Make the file if there is none. Needs an access that may write. */
  readonly create?: boolean;
  /** With `create`: fail with EEXIST if there is one already. */
  readonly exclusive?: boolean;
  /** Drop what is in it. Needs an access that may write. */
  readonly truncate?: boolean;
  /** Every write goes to the end of the file, whatever position it names. */
  readonly append?: boolean;
  /** Fail with ELOOP if the last part of the path is a symbolic link. */
  readonly noFollow?: boolean;
  /** The permissions of a file that is created, less those that the process' umask takes away; by default 0o666. */
  readonly mode?: number;
}

const ACCESS: Readonly<Record<string, number>> = {
  read: abi.OPEN_FLAG_READ,
  write: abi.OPEN_FLAG_WRITE,
  "read-write": abi.OPEN_FLAG_READ | abi.OPEN_FLAG_WRITE,
};

/**
 * Open a file; the path is written to the buffer. The result is a descriptor, to be closed by
 * {@linkcode closeFileCommand}. Throws a RingwayError for a path or flags that can't be.
 */
export function openFileCommand(buffer: OperationBuffer, path: string, flags: OpenFlags = {}): BufferedCommand {
  const bytes = new TextEncoder().encode(path);
  if (bytes.length === 0) throw argumentError("open", "The path is empty");
  if (bytes.includes(0)) throw argumentError("open", `The path has a zero byte in it: ${JSON.stringify(path)}`);
  if (bytes.length >= abi.PATH_BYTES) {
    throw argumentError("open", `A path has at most ${abi.PATH_BYTES - 1} bytes, not ${bytes.length}`);
  }
  const c = openBits(flags);
  const { mode = 0o666 } = flags;
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o7777) {
    throw argumentError("open", `mode has to be from 0 to 0o7777, not ${mode}`);
  }
  buffer.bytes.set(bytes);
  buffer.bytes[bytes.length] = 0;
  return { operation: abi.OPERATION_OPEN_FILE, a: buffer.offset, b: bytes.length + 1, c, words: [mode], buffer };
}

function openBits(flags: OpenFlags): number {
  const { access = "read", create, exclusive, truncate, append, noFollow } = flags;
  const bits = ACCESS[access];
  if (bits === undefined) {
    throw argumentError("open", `access has to be "read", "write" or "read-write", not ${JSON.stringify(access)}`);
  }
  if (access === "read" && (create || truncate || append)) {
    throw argumentError("open", 'create, truncate and append need the access "write" or "read-write"');
  }
  if (exclusive && !create) throw argumentError("open", "exclusive needs create");
  return (
    bits |
    (append ? abi.OPEN_FLAG_APPEND : 0) |
    (create ? abi.OPEN_FLAG_CREATE : 0) |
    (exclusive ? abi.OPEN_FLAG_EXCLUSIVE : 0) |
    (truncate ? abi.OPEN_FLAG_TRUNCATE : 0) |
    (noFollow ? abi.OPEN_FLAG_NO_FOLLOW : 0)
  );
}

/** Read up to `length` bytes at a position (bytes from the start) of a file. The result is how many, 0 at the end. */
export function readFileCommand(
  descriptor: number,
  buffer: OperationBuffer,
  length: number,
  position: number,
): BufferedCommand {
  return transferCommand(abi.OPERATION_READ_FILE, "read", descriptor, buffer, length, position);
}

/** Write `length` bytes of the buffer at a position of a file. The result is how many were written, mostly all. */
export function writeFileCommand(
  descriptor: number,
  buffer: OperationBuffer,
  length: number,
  position: number,
): BufferedCommand {
  return transferCommand(abi.OPERATION_WRITE_FILE, "write", descriptor, buffer, length, position);
}

function transferCommand(
  operation: number,
  name: string,
  descriptor: number,
  buffer: OperationBuffer,
  length: number,
  position: number,
): BufferedCommand {
  checkBufferLength(name, buffer, length, 1);
  checkPosition(name, position, length);
  const words = [position % 2 ** 32, Math.floor(position / 2 ** 32)];
  return { operation, descriptor, a: buffer.offset, b: length, words, buffer };
}

function checkBufferLength(operation: string, buffer: OperationBuffer, length: number, least: number): void {
  if (Number.isInteger(length) && length >= least && length <= buffer.bytes.length) return;
  throw argumentError(
    operation,
    `A buffer has room for ${least} to ${buffer.bytes.length} bytes, not ${length}: use several operations, or raise ` +
      "bufferBytes",
  );
}

/** Have a file's bytes reach the disk; with `dataOnly` without what reading them does not need, such as its times. */
export function syncFileCommand(descriptor: number, dataOnly = false): BufferedCommand {
  return { operation: abi.OPERATION_SYNC_FILE, descriptor, a: dataOnly ? 1 : 0 };
}

/** Ask for a file's status, which {@linkcode fileSizeOf} reads from the buffer. */
export function fileStatusCommand(descriptor: number, buffer: OperationBuffer): BufferedCommand {
  return { operation: abi.OPERATION_FILE_STATUS, descriptor, a: buffer.offset, buffer };
}

/** stx_size of struct statx. */
const STATUS_SIZE_OFFSET = 40;

/** The size in bytes that the completed {@linkcode fileStatusCommand} has left in its buffer. */
export function fileSizeOf(buffer: OperationBuffer): number {
  const { bytes } = buffer;
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(STATUS_SIZE_OFFSET, true));
}

/** Close a file or a socket that was opened by an operation. */
export function closeFileCommand(descriptor: number): BufferedCommand {
  return { operation: abi.OPERATION_CLOSE_FILE, descriptor };
}

/** Send `length` bytes of the buffer, which may be none, as one datagram. */
export function sendDatagramCommand(
  descriptor: number,
  buffer: OperationBuffer,
  length: number,
  address: IpAddress,
): BufferedCommand {
  checkBufferLength("send", buffer, length, 0);
  buffer.address.set(encodeAddress(address));
  return {
    operation: abi.OPERATION_SEND_DATAGRAM,
    descriptor,
    a: buffer.offset,
    b: length,
    c: buffer.addressOffset,
    buffer,
  };
}

/**
 * Receive a datagram that is there; -EAGAIN if there is none. The result is its length, which is more than the buffer's
 * if it was cut; {@linkcode senderOf} says where it came from.
 */
export function receiveDatagramCommand(descriptor: number, buffer: OperationBuffer): BufferedCommand {
  return {
    operation: abi.OPERATION_RECEIVE_DATAGRAM,
    descriptor,
    a: buffer.offset,
    b: buffer.bytes.length,
    c: buffer.addressOffset,
    buffer,
  };
}

/** Where the datagram came from that the completed {@linkcode receiveDatagramCommand} has left in its buffer. */
export function senderOf(buffer: OperationBuffer): IpAddress | null {
  const address = decodeAddress(buffer.address);
  return address === null || address.family === "unix" ? null : address;
}

/** Wait once for a descriptor, any of the process. {@linkcode pollEventsOf} reads the result. */
export function pollCommand(descriptor: number, events: PollRequest): BufferedCommand {
  if (!Number.isInteger(descriptor) || descriptor < 0 || descriptor > 0x7fffffff) {
    throw argumentError("poll", `A descriptor is a whole number from 0 on, not ${descriptor}`);
  }
  return { operation: abi.OPERATION_POLL_ONCE, descriptor, a: pollMask(events) };
}

/** The longest delay, in milliseconds: seconds are a word of 32 bits. */
const MAXIMUM_DELAY_MS = (2 ** 32 - 1) * 1000;

/** Complete with -62, ETIME, after so many milliseconds, which need not be whole. */
export function delayCommand(delayMs: number): BufferedCommand {
  if (!(delayMs >= 0 && delayMs <= MAXIMUM_DELAY_MS)) {
    throw argumentError("wait for", `A timeout has 0 to ${MAXIMUM_DELAY_MS} ms, not ${delayMs}`);
  }
  const seconds = Math.floor(delayMs / 1000);
  const nanoseconds = Math.min(999_999_999, Math.round((delayMs - seconds * 1000) * 1e6));
  return { operation: abi.OPERATION_DELAY, a: seconds, b: nanoseconds };
}
