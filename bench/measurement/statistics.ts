/**
 * Medians and what surrounds them.
 *
 * @module
 */

/** The middle of several values, and between which they lie. */
export interface Summary {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** The middle value; of an even number of values, the mean of the two in the middle. `NaN` of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Summarize values; `null` if there are none. */
export function summarize(values: readonly number[]): Summary | null {
  if (values.length === 0) return null;
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/**
 * The ratios of two series of rounds, round by round: what disturbs a round as a whole does not change
 * its ratio. `null` if there is no round with both.
 */
export function summarizeRatios(
  numerators: readonly (number | undefined)[],
  denominators: readonly (number | undefined)[],
): Summary | null {
  const ratios: number[] = [];
  for (const [round, numerator] of numerators.entries()) {
    const denominator = denominators[round];
    if (numerator !== undefined && denominator !== undefined && denominator !== 0) ratios.push(numerator / denominator);
  }
  return summarize(ratios);
}
