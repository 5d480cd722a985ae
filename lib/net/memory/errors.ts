/**
 * How a simulation fails.
 *
 * @module
 */
import { RingwayError } from "../../../ffi/errors.ts";

/** A simulation did not end as it should. The seed leads to the same step again. */
export class SimulationError extends RingwayError {
  /** The network's seed. */
  readonly seed: number;
  /** How many steps had been done. */
  readonly step: number;

  /** Make an error for what happened at a step of a seed. */
  constructor(message: string, seed: number, step: number, cause?: unknown) {
    super(`${message} (seed ${seed}, step ${step})`, {
      code: "ERR_SIMULATION",
      source: "internal",
      operation: "simulate",
      cause,
    });
    this.seed = seed;
    this.step = step;
  }
}
