/**
 * Where the workers' access logs go: a file or standard output, written by the main thread, piece by piece.
 *
 * @module
 */
import { close, open, write } from "node:fs";
import { promisify } from "node:util";
import { RingwayError } from "../../ffi/errors.ts";

const openFile = promisify(open);
const closeFile = promisify(close);

/** Bytes that wait for a slow disk or reader, at the most; more are dropped, and that is said. */
const QUEUE_BYTES_MAX = 32 * 1024 * 1024;
const STANDARD_OUTPUT = 1;

/** Told what becomes of the log. */
export interface AccessLogFileReporter {
  /** Writing failed, or bytes had to be dropped. */
  onProblem(message: string): void;
}

/** An open access log. */
export class AccessLogFile {
  readonly #path: string;
  readonly #reporter: AccessLogFileReporter;
  readonly #descriptor: number;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #droppedPieces = 0;
  #writing: Promise<void> | null = null;
  #closing: Promise<void> | null = null;
  #isClosed = false;

  private constructor(path: string, descriptor: number, reporter: AccessLogFileReporter) {
    this.#path = path;
    this.#descriptor = descriptor;
    this.#reporter = reporter;
  }

  /** Open a file to append to; `-` is standard output. Throws a RingwayError, `ERR_ACCESS_LOG`. */
  static async open(path: string, reporter: AccessLogFileReporter): Promise<AccessLogFile> {
    return new AccessLogFile(path, await openPath(path), reporter);
  }

  /** Write whole lines; once it is closed, nothing. Never waits. */
  write(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.#queuedBytes + bytes.length > QUEUE_BYTES_MAX) {
      this.#droppedPieces++;
      return;
    }
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#writing ??= this.#drain();
  }

  /** Write what is queued, and close. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
    this.#isClosed = true;
    // The descriptor's number may belong to another file as soon as this is done.
    if (this.#path !== "-") await closeFile(this.#descriptor);
  }

  async #drain(): Promise<void> {
    // Whoever asked for it goes on first, and more may come.
    await null;
    for (let bytes = this.#queue.shift(); bytes !== undefined; bytes = this.#queue.shift()) {
      try {
        await writeAll(this.#descriptor, bytes);
      } catch (error) {
        this.#reporter.onProblem(`cannot write the access log: ${(error as Error).message}`);
      }
      this.#queuedBytes -= bytes.length;
      this.#reportDropped();
    }
    this.#writing = null;
  }

  #reportDropped(): void {
    if (this.#droppedPieces === 0) return;
    this.#reporter.onProblem(`the access log is not written fast enough: ${this.#droppedPieces} pieces were dropped`);
    this.#droppedPieces = 0;
  }
}

async function openPath(path: string): Promise<number> {
  if (path === "-") return STANDARD_OUTPUT;
  try {
    return await openFile(path, "a", 0o640);
  } catch (error) {
    throw new RingwayError(`Cannot open the access log "${path}": ${(error as Error).message}`, {
      code: "ERR_ACCESS_LOG",
      source: "internal",
      operation: "open",
      cause: error,
    });
  }
}

function writeAll(descriptor: number, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const writeFrom = (offset: number): void => {
      write(descriptor, bytes, offset, bytes.length - offset, null, (error, written) => {
        if (error !== null) reject(error);
        else if (offset + written < bytes.length) writeFrom(offset + written);
        else resolve();
      });
    };
    writeFrom(0);
  });
}
