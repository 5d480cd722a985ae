/**
 * Chooses the driver: io_uring where it works, the runtime's own sockets where it does not, and says why.
 *
 * @module
 */
import { RingwayError } from "../../ffi/errors.ts";
import { type Library, loadLibrary } from "../../ffi/library.ts";
import { runtime } from "../../ffi/runtime.ts";
import { RingError } from "../ring/errors.ts";
import {
  type FeatureState,
  featureBits,
  featureNames,
  featureStates,
  featuresOff,
  REQUIRED_FEATURES,
} from "../ring/features.ts";
import { defaultRingOptions, type RingOptions } from "../ring/options.ts";
import { Ring } from "../ring/ring.ts";

/** The driver that is asked for; `auto`: io_uring if it works. */
export type RequestedInterface = "auto" | "uring" | "default";

/** The environment variable that lists features of io_uring that are not to be used, separated by commas. */
export const DISABLE_VARIABLE = "RINGWAY_DISABLE";

/** What to choose from. */
export interface SelectionOptions {
  /** The driver that is asked for. */
  readonly wanted: RequestedInterface;
  /** The shim, or what loads it; by default {@linkcode loadLibrary}. Not used for the default driver. */
  readonly library?: Library | (() => Promise<Library>);
  /** How the rings will be opened. */
  readonly ringOptions?: RingOptions;
  /** How many there will be at the same time, 1 if not given: limits are for all of a user's rings together. */
  readonly rings?: number;
  /** Names of features not to be used, besides those in `RINGWAY_DISABLE`. */
  readonly disable?: readonly string[];
}

/** What was chosen. */
export interface SelectedInterface {
  /** The driver to use. */
  readonly driver: "uring" | "default";
  /** Why this one. */
  readonly reason: string;
  /** Which features of io_uring are in use, and why. */
  readonly features: readonly FeatureState[];
  /** The kernel's release, or `"unknown"` if asking for it is not permitted. */
  readonly kernel: string;
  /** `FEATURE_*` bits for {@linkcode RingOptions.disabledFeatures}. */
  readonly disabledFeatures: number;
}

/**
 * Choose a driver.
 *
 * @throws {RingwayError} why io_uring can't be used and what to do about it, if that is what is wanted;
 * `ERR_FEATURE_NAME` for a feature that does not exist
 */
export async function selectSocketInterface(options: SelectionOptions): Promise<SelectedInterface> {
  const ringOptions = withDisabledFeatures(options);
  const kernel = runtime.kernelRelease() ?? "unknown";
  const { disabledFeatures } = ringOptions;
  const useDefault = (reason: string): SelectedInterface => ({
    driver: "default",
    reason,
    features: featuresOff("the default driver does without io_uring"),
    kernel,
    disabledFeatures,
  });
  if (options.wanted === "default") return useDefault("asked for");
  try {
    const available = await probe(options.library ?? loadLibrary, ringOptions, options.rings ?? 1);
    const features = featureStates(available, ringOptions);
    const reason = options.wanted === "uring" ? "asked for" : "io_uring works here";
    return { driver: "uring", reason, features, kernel, disabledFeatures };
  } catch (error) {
    if (options.wanted === "auto" && error instanceof RingwayError) return useDefault(error.message);
    throw error;
  }
}

function withDisabledFeatures(options: SelectionOptions): RingOptions {
  const ringOptions = options.ringOptions ?? defaultRingOptions;
  const names = (runtime.environment(DISABLE_VARIABLE) ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const disabledFeatures =
    ringOptions.disabledFeatures |
    featureBits(names, DISABLE_VARIABLE) |
    featureBits(options.disable ?? [], "the disabled features");
  return { ...ringOptions, disabledFeatures };
}

/** Of buffers only the number matters, which the kernel keeps lists for: their memory is this process's own. */
const LEAST_BYTES = 1024;
const LEAST_BUFFERS = { count: 1, bytes: 4096 };

/** Open as many rings as there will be, with as little memory as will do, and close them. Their `FEATURE_*` bits. */
async function probe(
  library: Library | (() => Promise<Library>),
  options: RingOptions,
  count: number,
): Promise<number> {
  const missing = featureNames(options.disabledFeatures & REQUIRED_FEATURES);
  if (missing.length > 0) {
    throw new RingError(
      `io_uring is not used without ${missing.join(", ")}, disabled by option: take it out of ${DISABLE_VARIABLE}`,
      "ERR_RING_FEATURE",
      "open a ring",
      0,
    );
  }
  const loaded = typeof library === "function" ? await library() : library;
  const { smallBuffers, bulkBuffers } = options;
  const probed: RingOptions = {
    ...options,
    smallBuffers: { ...smallBuffers, bytes: LEAST_BYTES },
    bulkBuffers: { ...bulkBuffers, bytes: LEAST_BYTES },
    writeBuffers: LEAST_BUFFERS,
  };
  const rings: Ring[] = [];
  try {
    while (rings.length < count) rings.push(new Ring(loaded, probed));
    return rings[0]?.features ?? 0;
  } catch (error) {
    if (!runtime.isPermissionError(error)) throw error;
    throw new RingwayError("Mapping the ring's memory needs a permission: run with --allow-ffi, without a path", {
      code: "ERR_PERMISSION",
      source: "internal",
      operation: "open a ring",
      cause: error,
    });
  } finally {
    for (const ring of rings) ring.closeRing();
  }
}
