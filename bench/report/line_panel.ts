/**
 * Lines: a figure of each subject against something that was varied, such as the rate of requests.
 *
 * @module
 */
import type { Summary } from "../measurement/statistics.ts";
import { formatNumber, formatSummary } from "./numbers.ts";
import { label, PANEL_WIDTH, type Panel, shorten, small } from "./panels.ts";
import { type Marker, styleOf } from "./peer_style.ts";
import { element, type Markup } from "./svg.ts";

/** A point of a line. */
export interface Point {
  readonly x: number;
  readonly summary: Summary;
  /** Drawn hollow, as it is not quite what it seems. */
  readonly isHollow: boolean;
}

/** The line of a subject. */
export interface Line {
  readonly name: string;
  /** From the left to the right. */
  readonly points: readonly Point[];
}

/** What to draw. */
export interface Lines {
  readonly title: string;
  readonly subtitle: string;
  readonly xLabel: string;
  /** Distances on this axis are ratios; on the vertical one they always are. */
  readonly isXLogarithmic: boolean;
  readonly lines: readonly Line[];
}

const LEFT = 44;
const RIGHT: number = PANEL_WIDTH - 14;
const TOP = 8;
const BOTTOM = 220;
const LEGEND_TOP: number = BOTTOM + 52;
const LEGEND_ROW = 18;
/** For short names and for long ones. */
const LEGEND_COLUMNS = [3, 2] as const;
const SHORT_LETTERS = 16;
const LETTERS = 28;
const RADIUS = 3.5;

type Scale = (value: number) => number;

/** Draw them, with a legend below. Values that are not above 0 have no place on a logarithmic scale: left out. */
export function linePanel({ title, subtitle, xLabel, isXLogarithmic, lines }: Lines): Panel {
  const drawn = lines.map(({ name, points }) => ({ name, points: points.filter(({ summary }) => summary.least > 0) }));
  const points = drawn.flatMap((line) => line.points);
  const xs = [...new Set(points.map(({ x }) => x))].toSorted((a, b) => a - b);
  const x = isXLogarithmic ? logarithmic(xs, LEFT + 10, RIGHT) : linear(xs, LEFT + 10, RIGHT);
  const ticks = ticksAround(points.flatMap(({ summary }) => [summary.least, summary.most]));
  const y = logarithmic(ticks, BOTTOM, TOP);
  const columns = LEGEND_COLUMNS[lines.every(({ name }) => name.length <= SHORT_LETTERS) ? 0 : 1];
  const rows = Math.ceil(lines.length / columns);
  return {
    title,
    subtitle,
    height: LEGEND_TOP + rows * LEGEND_ROW,
    body: [
      ...ticks.flatMap((tick) => drawLevel(tick, y(tick))),
      ...xs.map((value) => small(shortNumber(value), x(value), BOTTOM + 16, { "text-anchor": "middle" })),
      small(xLabel, (LEFT + RIGHT) / 2, BOTTOM + 33, { "text-anchor": "middle" }),
      // The first are the most important ones, and above the others.
      ...drawn.toReversed().map((line) => drawLine(line, x, y)),
      ...lines.map(({ name }, index) => drawLegend(name, index, columns)),
    ],
    description: lines.map(describe).join(" "),
  };
}

function describe({ name, points }: Line): string {
  const values = points.map(({ x, summary }) => `${formatSummary(summary)} at ${shortNumber(x)}`);
  return `${name} ${values.join(", ") || "void"}.`;
}

function drawLevel(tick: number, y: number): Markup[] {
  return [
    element("line", { class: "grid", x1: LEFT, x2: RIGHT, y1: y, y2: y }),
    small(shortNumber(tick), LEFT - 6, y + 4, { "text-anchor": "end" }),
  ];
}

function drawLine({ name, points }: Line, x: Scale, y: Scale): Markup {
  const { colour, dash, marker } = styleOf(name);
  const path = points.map((point) => `${tenths(x(point.x))} ${tenths(y(point.summary.median))}`).join("L");
  const stroke = { stroke: colour, "stroke-width": 2, "stroke-dasharray": dash, fill: "none" };
  const spreads = points
    .filter(({ summary }) => summary.least < summary.most)
    .map(({ x: value, summary }) => {
      const [y1, y2] = [y(summary.least), y(summary.most)];
      return element("line", { x1: x(value), x2: x(value), y1, y2, stroke: colour, opacity: 0.45 });
    });
  return element(
    "g",
    {},
    ...spreads,
    ...(points.length > 1 ? [element("path", { d: `M${path}`, ...stroke })] : []),
    ...points.map((point) => drawMarker(marker, colour, point.isHollow, x(point.x), y(point.summary.median))),
  );
}

function drawLegend(name: string, index: number, columns: number): Markup {
  const { colour, dash, marker } = styleOf(name);
  const x = (index % columns) * (PANEL_WIDTH / columns);
  const y = LEGEND_TOP + Math.floor(index / columns) * LEGEND_ROW;
  const line = { x1: x, x2: x + 20, y1: y, y2: y, stroke: colour, "stroke-width": 2, "stroke-dasharray": dash };
  return element(
    "g",
    {},
    element("line", line),
    drawMarker(marker, colour, false, x + 10, y),
    label(shorten(name, LETTERS), { x: x + 26, y: y + 4, "font-size": 11 }),
  );
}

function drawMarker(marker: Marker, colour: string, isHollow: boolean, x: number, y: number): Markup {
  const paint = isHollow ? { class: "hollow", stroke: colour, "stroke-width": 1.5 } : { fill: colour };
  const [cx, cy, r] = [tenths(x), tenths(y), RADIUS];
  if (marker === "circle") return element("circle", { cx, cy, r, ...paint });
  if (marker === "square") return element("rect", { x: cx - r, y: cy - r, width: 2 * r, height: 2 * r, ...paint });
  const [wide, high] = [r + 1, r + 1];
  const diamond = `M${cx} ${tenths(cy - high)}l${wide} ${high}l${-wide} ${high}l${-wide} ${-high}z`;
  const triangle = `M${cx} ${tenths(cy - high)}l${wide} ${2 * r + 1}h${-2 * wide}z`;
  return element("path", { d: marker === "diamond" ? diamond : triangle, ...paint });
}

function linear(values: readonly number[], from: number, to: number): Scale {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return (value) => (most === least ? (from + to) / 2 : from + ((value - least) / (most - least)) * (to - from));
}

function logarithmic(values: readonly number[], from: number, to: number): Scale {
  const scale = linear(values.map(Math.log2), from, to);
  return (value) => scale(Math.log2(value));
}

const STEPS = [1, 2, 5];

/** 1, 2, 5, 10, 20, ... from below the least value to above the most. */
function ticksAround(values: readonly number[]): number[] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (values.length === 0 || !Number.isFinite(most)) return [];
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(least)) - 1; (ticks.at(-1) ?? 0) < most; power++) {
    for (const step of STEPS) if ((ticks.at(-1) ?? 0) < most) ticks.push(Number(`${step}e${power}`));
  }
  const below = ticks.findLastIndex((tick) => tick <= least);
  return ticks.slice(Math.max(below, 0));
}

/** A round number as it is. */
function shortNumber(value: number): string {
  return Number.isInteger(value) ? formatNumberOfThousands(value) : `${value}`;
}

function formatNumberOfThousands(value: number): string {
  return Math.abs(value) >= 100 ? formatNumber(value) : `${value}`;
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10 + 0;
}
