/**
 * Bars beside each other: one figure of one workload, by subject.
 *
 * @module
 */
import type { Summary } from "../measurement/statistics.ts";
import { formatNumber, formatSummary } from "./numbers.ts";
import { label, PANEL_WIDTH, type Panel, shorten } from "./panels.ts";
import { styleOf } from "./peer_style.ts";
import { element, type Markup } from "./svg.ts";

/** The figure of a subject. */
export interface Bar {
  readonly name: string;
  /** `null` if it is void. */
  readonly summary: Summary | null;
  /** How much of it, 0 to 1, has the strong colour, and the rest a faint one; `null`: all. */
  readonly strongShare: number | null;
}

/** What to draw. */
export interface Bars {
  readonly title: string;
  readonly subtitle: string;
  readonly bars: readonly Bar[];
}

const ROW_HEIGHT = 22;
const BAR_HEIGHT = 14;
const NAME_WIDTH = 156;
/** Behind the longest bar, for its number. */
const NUMBER_WIDTH = 66;
const BAR_WIDTH: number = PANEL_WIDTH - NAME_WIDTH - NUMBER_WIDTH;
const LETTERS = 21;
const FAINT = 0.62;

/** Draw them, from the top down. Void ones say so. */
export function barPanel({ title, subtitle, bars }: Bars): Panel {
  const longest = Math.max(0, ...bars.map(({ summary }) => summary?.most ?? 0));
  const width = (value: number): number => (longest === 0 ? 0 : (Math.max(value, 0) / longest) * BAR_WIDTH);
  return {
    title,
    subtitle,
    height: bars.length * ROW_HEIGHT + 4,
    body: bars.map((bar, row) => element("g", {}, ...drawBar(bar, row * ROW_HEIGHT + 4, width))),
    description: `${bars.map(({ name, summary }) => `${name} ${formatSummary(summary) || "void"}`).join(", ")}.`,
  };
}

function drawBar({ name, summary, strongShare }: Bar, y: number, width: (value: number) => number): Markup[] {
  const baseline = y + BAR_HEIGHT - 3;
  const isOurs = name.startsWith("ringway");
  const nameAt = { x: NAME_WIDTH - 8, y: baseline, "text-anchor": "end", "font-size": 12 };
  const drawnName = label(shorten(name, LETTERS), isOurs ? { ...nameAt, class: "strong" } : nameAt);
  const number = { y: baseline, "font-size": 12 };
  if (summary === null) return [drawnName, label("void", { x: NAME_WIDTH, ...number, class: "faint" })];
  const { median, least, most } = summary;
  const full = width(median);
  const strong = strongShare === null ? full : full * strongShare;
  const bar = { y, height: BAR_HEIGHT, fill: styleOf(name).colour };
  const parts = [
    ...(strong > 0 ? [element("rect", { x: NAME_WIDTH, width: strong, ...bar })] : []),
    ...(full > strong
      ? [element("rect", { x: NAME_WIDTH + strong, width: full - strong, ...bar, opacity: FAINT })]
      : []),
  ];
  const end = NAME_WIDTH + Math.max(full, width(most)) + 6;
  return [
    drawnName,
    ...parts,
    ...(least < most ? [drawSpread(NAME_WIDTH + width(least), NAME_WIDTH + width(most), y + BAR_HEIGHT / 2)] : []),
    label(formatNumber(median), { x: end, ...number }),
  ];
}

/** A line from the least to the most, with ends. */
function drawSpread(from: number, to: number, y: number): Markup {
  const [x1, x2] = [from, to].map((x) => Math.round(x * 10) / 10);
  return element("path", { class: "spread", d: `M${x1} ${y - 3}v6m0-3H${x2}m0-3v6`, fill: "none" });
}
