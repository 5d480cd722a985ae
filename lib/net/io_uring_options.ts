/**
 * What users may choose of a thread's ring and connections, and the sizes that follow from it.
 *
 * @module
 */
import { defaultRingOptions, type RingOptions } from "../ring/options.ts";
import type { ConnectionOptions } from "./connection.ts";

/** The io_uring options, named as in Envoy's first integration of io_uring. */
export interface IoUringOptions {
  /** Entries of the submission queue, rounded up to a power of two. */
  readonly ioUringSize: number;
  /** Accepts that are kept pending per listener on kernels without multishot accept. */
  readonly acceptSize: number;
  /** Bytes of one receive buffer for requests and small messages. */
  readonly readBufferSize: number;
  /** How long closing a connection waits for queued bytes to be sent, in milliseconds; 0: without limit. */
  readonly writeTimeoutMs: number;
  /** Let a kernel thread poll for submissions, which costs a core per worker. */
  readonly useSubmissionQueuePolling: boolean;
}

/** What holds without a choice. */
export const defaultIoUringOptions: IoUringOptions = {
  ioUringSize: 512,
  acceptSize: 5,
  readBufferSize: 8192,
  writeTimeoutMs: 1000,
  useSubmissionQueuePolling: false,
};

/** Memory of all small buffers together, so that larger ones are fewer. */
const SMALL_BUFFERS_BYTES = defaultRingOptions.smallBuffers.count * defaultRingOptions.smallBuffers.bytes;
const SMALL_BUFFERS_LEAST = 64;

/** The sizes of a ring. */
export function ringOptions(options: IoUringOptions, disabledFeatures: number): RingOptions {
  const { ioUringSize, readBufferSize } = options;
  const count = Math.floor(SMALL_BUFFERS_BYTES / readBufferSize);
  return {
    ...defaultRingOptions,
    submissionEntries: ioUringSize,
    completionEntries: Math.max(defaultRingOptions.completionEntries, ioUringSize * 2),
    submissionQueuePolling: options.useSubmissionQueuePolling,
    smallBuffers: {
      count: Math.min(Math.max(count, SMALL_BUFFERS_LEAST), defaultRingOptions.smallBuffers.count * 4),
      bytes: readBufferSize,
    },
    disabledFeatures,
  };
}

/** Limits and times of a connection. */
export function connectionOptions(options: IoUringOptions): ConnectionOptions {
  return {
    writeHighWatermarkBytes: 65536,
    writeLowWatermarkBytes: 16384,
    writeTimeoutMs: options.writeTimeoutMs,
  };
}
