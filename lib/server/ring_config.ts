/**
 * The sizes of a worker's ring and connections, from the configuration.
 *
 * @module
 */
import type { ConnectionOptions } from "../net/connection.ts";
import { defaultRingOptions, type RingOptions } from "../ring/options.ts";
import type { IoUringOptions } from "./config.ts";

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
