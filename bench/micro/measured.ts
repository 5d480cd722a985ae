/**
 * What a micro-benchmark is.
 *
 * @module
 */

/** Something that is done again and again. */
export interface Measured {
  /** Of its metric in `workloads/micro.ts`. */
  readonly key: string;
  /** How many of what is measured one run does. */
  readonly units: number;
  /** Its result is kept from being optimized away. */
  run(): number;
}
