/**
 * The sizes of a ring.
 *
 * @module
 */

/** How many buffers of which size. */
export interface BufferSizes {
  /** Number of buffers. */
  readonly count: number;
  /** Bytes in each. */
  readonly bytes: number;
}

/** The sizes of a ring. See {@linkcode defaultRingOptions}. */
export interface RingOptions {
  /** Entries of the submission queue, 1 to 32768; rounded up to a power of two. A turn may exceed it. */
  readonly submissionEntries: number;
  /** Entries of the completion queue, at least as many. */
  readonly completionEntries: number;
  /** Let a kernel thread poll the submission queue (IORING_SETUP_SQPOLL). It costs a core. */
  readonly submissionQueuePolling: boolean;
  /** How long that thread polls without work before it sleeps. */
  readonly submissionQueueIdleMs: number;
  /** Provided buffers for requests and small messages. */
  readonly smallBuffers: BufferSizes;
  /** Provided buffers for connections that carry bulk data. */
  readonly bulkBuffers: BufferSizes;
  /** Buffers that are filled and sent by the application. */
  readonly writeBuffers: BufferSizes;
  /** Commands that one turn queues before they are submitted early. */
  readonly commandCapacity: number;
  /** Completions that one turn handles at the most. */
  readonly completionCapacity: number;
  /** `FEATURE_*` bits not to be used even if the kernel has them. */
  readonly disabledFeatures: number;
}

/**
 * Sizes for a proxy worker. The memory is touched as it is needed: an idle ring holds about 600 KiB.
 * Both runtimes take the whole arena as mapped memory, and Bun's garbage collector counts mapped
 * memory as heap, so it stays under 16 MiB.
 */
export const defaultRingOptions: RingOptions = {
  submissionEntries: 512,
  completionEntries: 4096,
  submissionQueuePolling: false,
  submissionQueueIdleMs: 100,
  smallBuffers: { count: 1024, bytes: 8192 },
  bulkBuffers: { count: 16, bytes: 262144 },
  writeBuffers: { count: 128, bytes: 16384 },
  commandCapacity: 4096,
  completionCapacity: 1024,
  disabledFeatures: 0,
};
