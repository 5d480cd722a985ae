/**
 * Numbers for people.
 *
 * @module
 */
import type { Summary } from "../measurement/statistics.ts";

/** Three digits, and more for larger whole numbers. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return "?";
  const size = Math.abs(value);
  const decimals = size >= 100 || value === 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** The median, and where there is more than one value, the spread. */
export function formatSummary(summary: Summary | null): string {
  if (summary === null) return "";
  const { median, least, most } = summary;
  const text = formatNumber(median);
  const to = least < 0 ? " to " : "-";
  return least === most ? text : `${text} (${formatNumber(least)}${to}${formatNumber(most)})`;
}
