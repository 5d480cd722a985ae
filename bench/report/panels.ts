/**
 * A chart is a page of panels, two beside each other, below a title.
 *
 * @module
 */
import { type Attributes, element, formatPicture, type Markup, text } from "./svg.ts";

/** One of the pictures of a chart. */
export interface Panel {
  readonly title: string;
  /** In small letters below the title, as many lines as it takes. */
  readonly subtitle: string;
  readonly height: number;
  /** Drawn from 0, 0 on. */
  readonly body: readonly Markup[];
  /** What it shows, in words and numbers. */
  readonly description: string;
}

/** A whole chart. */
export interface Page {
  readonly title: string;
  /** Which machine, how measured, how to read it. */
  readonly notes: readonly string[];
  readonly panels: readonly Panel[];
}

/** The width that a panel has, in pixels. */
export const PANEL_WIDTH = 408;

const MARGIN = 16;
const COLUMNS = 2;
const WIDTH: number = COLUMNS * PANEL_WIDTH + (COLUMNS + 1) * MARGIN;
const LINE_HEIGHT = 15;
const SMALL = 11;
/** So many small letters are as wide as a panel. */
const LETTERS = 68;
const LETTERS_OF_PAGE = 144;

/** Draw it. */
export function formatPage({ title, notes, panels }: Page): string {
  const body: Markup[] = [label(title, { x: MARGIN, y: 30, "font-size": 17, class: "strong" })];
  let y = 48;
  for (const line of notes.flatMap((note) => wrap(note, LETTERS_OF_PAGE))) {
    body.push(small(line, MARGIN, y));
    y += LINE_HEIGHT;
  }
  for (let first = 0; first < panels.length; first += COLUMNS) {
    const row = panels.slice(first, first + COLUMNS);
    y += MARGIN;
    const lines = Math.max(...row.map(({ subtitle }) => wrap(subtitle, LETTERS).length));
    for (const [column, panel] of row.entries()) {
      const x = MARGIN + column * (PANEL_WIDTH + MARGIN);
      body.push(element("g", { transform: `translate(${x} ${y})` }, ...drawPanel(panel, lines)));
    }
    y += 20 + lines * LINE_HEIGHT + Math.max(...row.map(({ height }) => height));
  }
  const description = [...notes, ...panels.map((panel) => `${panel.title}: ${panel.description}`)].join(" ");
  return formatPicture({ width: WIDTH, height: y + MARGIN, title, description, body });
}

function drawPanel({ title, subtitle, body }: Panel, lines: number): Markup[] {
  const below = wrap(subtitle, LETTERS).map((line, index) => small(line, 0, 28 + index * LINE_HEIGHT));
  return [
    label(title, { x: 0, y: 12, "font-size": 13, class: "strong" }),
    ...below,
    element("g", { transform: `translate(0 ${22 + lines * LINE_HEIGHT})` }, ...body),
  ];
}

/** A line of text. */
export function label(content: string, attributes: Attributes): Markup {
  return element("text", attributes, text(content));
}

/** A line of small, faint text. */
export function small(content: string, x: number, y: number, attributes: Attributes = {}): Markup {
  return label(content, { x, y, "font-size": SMALL, class: "faint", ...attributes });
}

/** A name that is not wider than the place it has. */
export function shorten(name: string, letters: number): string {
  return name.length <= letters ? name : `${name.slice(0, letters - 1)}…`;
}

/** Lines of whole words. */
function wrap(content: string, letters: number): string[] {
  const lines: string[] = [];
  for (const word of content.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= letters) lines[lines.length - 1] = `${last} ${word}`;
    else if (word !== "") lines.push(word);
  }
  return lines;
}
