/**
 * A target and what became of it.
 *
 * @module
 */

/** How a figure is to be compared with its limit. */
export type Sense = "<" | "<=" | ">=";

/** One figure of one subject against what it is to be. */
export interface TargetResult {
  readonly subject: string;
  readonly what: string;
  /** `null` if there is no such figure. */
  readonly measured: number | null;
  readonly sense: Sense;
  readonly limit: number;
  readonly isReached: boolean | null;
  /** Why there is no figure; empty if there is one. */
  readonly absence: string;
}

/** The result of a figure; `null` if there is none, and why. */
export function targetResult(
  subject: string,
  what: string,
  [sense, limit]: readonly [Sense, number],
  measured: number | null,
  absence = "not measured",
): TargetResult {
  const isReached = measured === null ? null : compare(measured, sense, limit);
  return { subject, what, measured, sense, limit, isReached, absence: measured === null ? absence : "" };
}

function compare(measured: number, sense: Sense, limit: number): boolean {
  if (sense === "<") return measured < limit;
  return sense === "<=" ? measured <= limit : measured >= limit;
}
