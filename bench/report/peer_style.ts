/**
 * In which order and how subjects are drawn: the same in every chart, whoever else takes part.
 *
 * @module
 */

/** The form of a line's points, for those who don't tell its colour from the others'. */
export type Marker = "circle" | "square" | "diamond" | "triangle";

/** How a subject is drawn. */
export interface PeerStyle {
  /** Stands out on a light background and on a dark one. */
  readonly colour: string;
  readonly marker: Marker;
  /** As in `stroke-dasharray`. */
  readonly dash: string;
}

const SOLID = "none";
const DASHED = "5 3";
const DOTTED = "2 2";
const UNKNOWN: PeerStyle = { colour: "#848484", marker: "circle", dash: DOTTED };

/** From the first to the last; a subject without an entry comes behind them. */
const STYLES: readonly (readonly [name: string, colour: string, marker: Marker, dash: string])[] = [
  ["ringway-bun", "#e0561b", "circle", SOLID],
  ["ringway-deno", "#0f8a8a", "square", SOLID],
  ["ringway-bun-default", "#c07a50", "circle", DASHED],
  ["ringway-deno-default", "#5c9494", "square", DASHED],
  ["limit", "#a87a00", "diamond", DOTTED],
  ["limit-zero-copy", "#a87a00", "circle", SOLID],
  ["limit-bundles", "#a87a00", "square", SOLID],
  ["limit-incremental", "#a87a00", "triangle", SOLID],
  ["limit-skip-success", "#a87a00", "circle", DASHED],
  ["limit-direct", "#a87a00", "square", DASHED],
  ["limit-min-wait", "#a87a00", "triangle", DASHED],
  ["nginx", "#2f9444", "triangle", SOLID],
  ["haproxy", "#3b7dd8", "diamond", SOLID],
  ["envoy", "#9c5fd4", "circle", SOLID],
  ["envoy-uring", "#9c5fd4", "square", DASHED],
  ["envoy-multishot", "#c04f96", "triangle", DOTTED],
  ["bun-serve", "#a8683c", "diamond", DASHED],
  ["deno-serve", "#6a7f95", "triangle", DASHED],
  ["node-httpxy", "#778a2f", "square", DOTTED],
];

/** How to draw a subject; a neutral style for one that this file does not know. */
export function styleOf(name: string): PeerStyle {
  const [, colour, marker, dash] = STYLES.find(([known]) => known === name) ?? [];
  return colour === undefined || marker === undefined || dash === undefined ? UNKNOWN : { colour, marker, dash };
}

/** Subjects in their order; those that this file does not know stay as they are, behind the others. */
export function inOrder<Named extends { readonly name: string }>(subjects: readonly Named[]): Named[] {
  const place = ({ name }: Named): number => {
    const index = STYLES.findIndex(([known]) => known === name);
    return index < 0 ? STYLES.length : index;
  };
  return subjects.toSorted((a, b) => place(a) - place(b));
}
