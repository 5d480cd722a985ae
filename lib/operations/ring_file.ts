/**
 * Files that are read and written by io_uring.
 *
 * @module
 */
import { EIO } from "../../ffi/abi.ts";
import { checkBytes, checkLength, checkPosition } from "./checks.ts";
import {
  closeFileCommand,
  fileSizeOf,
  fileStatusCommand,
  type OpenFlags,
  openFileCommand,
  readFileCommand,
  syncFileCommand,
  writeFileCommand,
} from "./commands.ts";
import { OperationError } from "./errors.ts";
import { OpenDescriptor } from "./open_descriptor.ts";
import type { OperationQueue } from "./operation_queue.ts";

/** What ends a wait early. */
export interface WaitOptions {
  /** Cancels the operation; its promise is then rejected with the signal's reason, once the kernel has let go. */
  readonly signal?: AbortSignal;
}

/** How to open a file. */
export interface OpenFileOptions extends OpenFlags, WaitOptions {}

/** How to write a file to its disk. */
export interface SyncOptions extends WaitOptions {
  /** Leave out what reading the bytes does not need, such as the file's times (fdatasync(2)). */
  readonly dataOnly?: boolean;
}

/**
 * An open file. Several reads and writes may be under way at once, also of the same file; they are independent of each
 * other and have no order. Errors are {@linkcode OperationError}s with the errno's name as `code`, or RingwayErrors:
 * `ERR_FILE_CLOSED` after {@linkcode RingFile.close}, `ERR_BUFFER_DETACHED` for bytes whose memory is gone,
 * `ERR_OPERATION_ARGUMENT`, `ERR_OPERATION_LIMIT` and `ERR_DRIVER_CLOSED`.
 *
 * @example
 * ```ts
 * await using file = await operations.openFile("/etc/hostname");
 * const bytes = new Uint8Array(await file.size());
 * const count = await file.read(bytes, 0);
 * console.log(new TextDecoder().decode(bytes.subarray(0, count)));
 * ```
 */
export class RingFile implements AsyncDisposable {
  /** The path that it was opened with. */
  readonly path: string;
  readonly #queue: OperationQueue;
  readonly #descriptor: OpenDescriptor;

  /** @internal */
  constructor(queue: OperationQueue, path: string, descriptor: number) {
    this.path = path;
    this.#queue = queue;
    this.#descriptor = new OpenDescriptor(queue, descriptor, nameOf(path), "ERR_FILE_CLOSED");
  }

  /** Its descriptor, for commands and for {@linkcode Operations.poll}. The ring's: nobody else may close it. */
  get descriptor(): number {
    return this.#descriptor.number;
  }

  /**
   * Read bytes from `position` (from the start of the file) on until `into` is full or the file ends. How many were
   * read. If it fails in the middle, what was read before is in `into` as well.
   */
  async read(into: Uint8Array, position: number, { signal }: WaitOptions = {}): Promise<number> {
    checkBytes("read", into);
    const { length } = into;
    checkPosition("read", position, length);
    return await this.#descriptor.use("read", () => this.#read(into, length, position, signal));
  }

  async #read(into: Uint8Array, length: number, position: number, signal: AbortSignal | undefined): Promise<number> {
    if (length === 0) return 0;
    const buffer = await this.#queue.takeBuffer(signal);
    try {
      let done = 0;
      while (done < length) {
        const wanted = Math.min(length - done, buffer.bytes.length);
        const command = readFileCommand(this.descriptor, buffer, wanted, position + done);
        const count = this.#check(await this.#queue.run(command, signal), signal, "read");
        checkLength("read", into, length);
        if (count === 0) break;
        into.set(buffer.bytes.subarray(0, count), done);
        done += count;
      }
      return done;
    } finally {
      buffer.release();
    }
  }

  /**
   * Write bytes at `position` (from the start of the file). They must not change until all are written. If it fails, or
   * is aborted, some of them may have been written.
   */
  async write(bytes: Uint8Array, position: number, { signal }: WaitOptions = {}): Promise<void> {
    checkBytes("write", bytes);
    const { length } = bytes;
    checkPosition("write", position, length);
    await this.#descriptor.use("write", () => this.#write(bytes, length, position, signal));
  }

  async #write(bytes: Uint8Array, length: number, position: number, signal: AbortSignal | undefined): Promise<void> {
    if (length === 0) return;
    const buffer = await this.#queue.takeBuffer(signal);
    try {
      let done = 0;
      while (done < length) {
        checkLength("write", bytes, length);
        const piece = bytes.subarray(done, done + buffer.bytes.length);
        buffer.bytes.set(piece);
        const command = writeFileCommand(this.descriptor, buffer, piece.length, position + done);
        const count = this.#check(await this.#queue.run(command, signal), signal, "write");
        // Or it would be tried for ever.
        if (count === 0) throw new OperationError(EIO, "write", this.#descriptor.name);
        done += count;
      }
    } finally {
      buffer.release();
    }
  }

  /** Have everything that was written reach the disk (fsync(2)). */
  async sync({ dataOnly, signal }: SyncOptions = {}): Promise<void> {
    await this.#descriptor.use("synchronize", async () => {
      const result = await this.#queue.run(syncFileCommand(this.descriptor, dataOnly), signal);
      this.#check(result, signal, "synchronize");
    });
  }

  /** Its size in bytes now. */
  async size({ signal }: WaitOptions = {}): Promise<number> {
    return await this.#descriptor.use("measure", async () => {
      const buffer = await this.#queue.takeBuffer(signal);
      try {
        this.#check(await this.#queue.run(fileStatusCommand(this.descriptor, buffer), signal), signal, "measure");
        return fileSizeOf(buffer);
      } finally {
        buffer.release();
      }
    });
  }

  #check(result: number, signal: AbortSignal | undefined, operation: string): number {
    return this.#queue.check(result, signal, operation, this.#descriptor.name);
  }

  /** Close it, once all that is under way has ended. Nothing can be begun any more. */
  close(): Promise<void> {
    return this.#descriptor.close();
  }

  /** As {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function nameOf(path: string): string {
  return `the file ${JSON.stringify(path)}`;
}

/** @internal See {@linkcode Operations.openFile}. */
export async function openRingFile(queue: OperationQueue, path: string, options: OpenFileOptions): Promise<RingFile> {
  const { signal } = options;
  const buffer = await queue.takeBuffer(signal);
  let descriptor: number;
  try {
    descriptor = await queue.run(openFileCommand(buffer, path, options), signal);
  } finally {
    buffer.release();
  }
  // The abort came too late, and nobody will know of the file.
  if (signal?.aborted && descriptor >= 0 && !queue.isClosed) queue.submit(closeFileCommand(descriptor), () => {});
  return new RingFile(queue, path, queue.check(descriptor, signal, "open", nameOf(path)));
}
