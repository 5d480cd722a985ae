/**
 * What a ring can do, by name, and why it can't.
 *
 * @module
 */
import * as abi from "../../ffi/abi.ts";
import { RingwayError } from "../../ffi/errors.ts";
import type { RingOptions } from "./options.ts";

/** The name of a feature: that of its `FEATURE_*` constant. */
export type FeatureName = {
  [K in keyof typeof abi]: K extends `FEATURE_${infer Name}` ? Lowercase<Name> : never;
}[keyof typeof abi];

/** A feature of io_uring that a ring uses if it can. */
interface Feature {
  /** A `FEATURE_*` bit. */
  readonly bit: number;
  /** The release of Linux that it came with. */
  readonly since: string;
}

/** The features that a ring can't do without. */
export const REQUIRED_FEATURES: number = abi.FEATURE_BUFFER_RINGS | abi.FEATURE_WAIT_TIMEOUT | abi.FEATURE_NO_DROP;

const FEATURES: Readonly<Record<FeatureName, Feature>> = {
  multishot_accept: { bit: abi.FEATURE_MULTISHOT_ACCEPT, since: "5.19" },
  multishot_receive: { bit: abi.FEATURE_MULTISHOT_RECEIVE, since: "6.0" },
  buffer_rings: { bit: abi.FEATURE_BUFFER_RINGS, since: "5.19" },
  single_issuer: { bit: abi.FEATURE_SINGLE_ISSUER, since: "6.0" },
  deferred_task_run: { bit: abi.FEATURE_DEFERRED_TASK_RUN, since: "6.1" },
  cooperative_task_run: { bit: abi.FEATURE_COOPERATIVE_TASK_RUN, since: "5.19" },
  submission_queue_polling: { bit: abi.FEATURE_SUBMISSION_QUEUE_POLLING, since: "5.1" },
  submit_all: { bit: abi.FEATURE_SUBMIT_ALL, since: "5.18" },
  registered_ring: { bit: abi.FEATURE_REGISTERED_RING, since: "5.18" },
  wait_timeout: { bit: abi.FEATURE_WAIT_TIMEOUT, since: "5.11" },
  minimum_wait: { bit: abi.FEATURE_MINIMUM_WAIT, since: "6.12" },
  no_drop: { bit: abi.FEATURE_NO_DROP, since: "5.5" },
  skip_success: { bit: abi.FEATURE_SKIP_SUCCESS, since: "5.17" },
  poll_first: { bit: abi.FEATURE_POLL_FIRST, since: "5.19" },
  bundles: { bit: abi.FEATURE_BUNDLES, since: "6.10" },
  multishot_limit: { bit: abi.FEATURE_MULTISHOT_LIMIT, since: "6.17" },
  zero_copy_send: { bit: abi.FEATURE_ZERO_COPY_SEND, since: "6.0" },
};

/** All names, those that matter most first. */
export const FEATURE_NAMES: readonly FeatureName[] = Object.keys(FEATURES) as FeatureName[];

/** A feature of a ring and why it is on or off. */
export interface FeatureState {
  /** Its name. */
  readonly name: FeatureName;
  /** Is it in use? */
  readonly on: boolean;
  /** In a few words. */
  readonly reason: string;
}

/**
 * The `FEATURE_*` bits of names.
 *
 * @throws {RingwayError} `ERR_FEATURE_NAME` for a name that is unknown; `origin` says where it was found
 */
export function featureBits(names: readonly string[], origin: string): number {
  let bits = 0;
  for (const name of names) {
    if (!Object.hasOwn(FEATURES, name)) {
      throw new RingwayError(`Unknown feature "${name}" in ${origin}: known are ${FEATURE_NAMES.join(", ")}`, {
        code: "ERR_FEATURE_NAME",
        source: "internal",
        operation: "disable features",
      });
    }
    bits |= FEATURES[name as FeatureName].bit;
  }
  return bits;
}

/** The names of `FEATURE_*` bits. */
export function featureNames(bits: number): FeatureName[] {
  return FEATURE_NAMES.filter((name) => (bits & FEATURES[name].bit) !== 0);
}

/** Every feature of a ring that has the features `bits` and was opened with these options. */
export function featureStates(bits: number, options: RingOptions): FeatureState[] {
  return FEATURE_NAMES.map((name) => {
    const on = (bits & FEATURES[name].bit) !== 0;
    return { name, on, reason: on ? reasonOn(name) : reasonOff(name, options) };
  });
}

/** Every feature, off for the same reason. */
export function featuresOff(reason: string): FeatureState[] {
  return FEATURE_NAMES.map((name) => ({ name, on: false, reason }));
}

function reasonOn(name: FeatureName): string {
  return name === "submission_queue_polling" ? "asked for" : "the kernel has it";
}

function reasonOff(name: FeatureName, options: RingOptions): string {
  const { bit, since } = FEATURES[name];
  if (options.disabledFeatures & bit) return "disabled by option";
  if (name === "submission_queue_polling") {
    return options.submissionQueuePolling ? `needs Linux ${since}` : "not asked for";
  }
  if (name === "deferred_task_run" || name === "cooperative_task_run") {
    if (options.submissionQueuePolling) return "does not go together with submission_queue_polling";
  }
  if (name === "deferred_task_run" && options.disabledFeatures & FEATURES.single_issuer.bit) {
    return "needs single_issuer, which is disabled by option";
  }
  return `needs Linux ${since}`;
}
