/**
 * The bounds and habits of a simulated network.
 *
 * @module
 */

/** What a network is made with. */
export interface MemoryNetworkOptions {
  /** What all randomness comes from: a whole number. */
  readonly seed: number;
  /** What the fake clock shows at first. */
  readonly startMs: number;
  /** Bytes that one direction of a connection holds, in flight or unread, as kernels' buffers do. */
  readonly capacityBytes: number;
  /** How long bytes, FIN, resets and each step of connecting take, at least. */
  readonly delayMinimumMs: number;
  /** And at most. */
  readonly delayMaximumMs: number;
  /** How often bytes are not sent or received as many at a time as possible, but in a random smaller number. */
  readonly splitProbability: number;
  /** Folders in which unix sockets can be; there is no file system besides. */
  readonly folders: readonly string[];
  /** How long connecting waits for an answer before it fails with ETIMEDOUT; 0: for ever. */
  readonly connectTimeoutMs: number;
  /** How long accepting rests after it failed, at first; each further time twice as long. */
  readonly acceptRetryMs: number;
  /** How long accepting rests at the most. */
  readonly acceptRetryMaximumMs: number;
  /**
   * How often the clock moves on by 1 ms before a step although something is ready, as work takes time. At 0
   * it stands still as long as there is work, and code that always has some never sees what takes time.
   */
  readonly workProbability: number;
  /** How often it moves on by more, although something is ready: a thread that was not scheduled. */
  readonly clockJumpProbability: number;
  /** By how much it then moves at the most. */
  readonly clockJumpMaximumMs: number;
  /** Lines of the trace that are kept; when there are more, the oldest are dropped. 0: no trace. */
  readonly traceLines: number;
}

/** Every option but the seed. */
export const DEFAULT_NETWORK_OPTIONS: Omit<MemoryNetworkOptions, "seed"> = {
  startMs: 1000,
  capacityBytes: 65536,
  delayMinimumMs: 0,
  delayMaximumMs: 3,
  splitProbability: 0.5,
  folders: ["/run", "/tmp"],
  // What Linux makes of six retries of the first packet (tcp_syn_retries in tcp(7)).
  connectTimeoutMs: 127_000,
  acceptRetryMs: 20,
  acceptRetryMaximumMs: 1000,
  workProbability: 0.05,
  clockJumpProbability: 0,
  clockJumpMaximumMs: 1000,
  traceLines: 0,
};

/** Bounds of {@linkcode MemoryNetwork.run}. */
export interface RunLimits {
  /** Steps of this run, at the most. */
  readonly maximumSteps: number;
  /** Simulated time of this run, at the most. */
  readonly maximumMs: number;
}

/** Generous ones: a run that does not end hits one of them within seconds. */
export const DEFAULT_RUN_LIMITS: RunLimits = { maximumSteps: 1_000_000, maximumMs: 3_600_000 };
