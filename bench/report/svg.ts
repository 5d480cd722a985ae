/**
 * SVG as text.
 *
 * @module
 */

/** Finished markup, as opposed to text that is still to be escaped. */
export type Markup = string & { readonly [MARKUP]: true };

declare const MARKUP: unique symbol;

/** Numbers are rounded to a tenth of a pixel, so that every runtime writes the same. */
export type Attributes = Readonly<Record<string, string | number>>;

/** An element with its children. */
export function element(name: string, attributes: Attributes, ...children: readonly Markup[]): Markup {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(formatValue(value))}"`);
  const start = `<${name}${written.join("")}`;
  return (children.length === 0 ? `${start}/>` : `${start}>${children.join("")}</${name}>`) as Markup;
}

/** Text inside of an element. */
export function text(content: string): Markup {
  return escapeXml(content) as Markup;
}

/** A picture: what it shows, for those who see it and for those who don't. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  readonly description: string;
  readonly body: readonly Markup[];
}

/** Behind everything, on a light and on a dark page: a picture can't know the colour of its page. */
export const BACKGROUNDS: readonly [light: string, dark: string] = ["#ffffff", "#0d1117"];

const [LIGHT, DARK] = BACKGROUNDS;
const STYLE = [
  'text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;fill:#1f2328}',
  ".faint{fill:#59636e}.strong{font-weight:600}",
  `.page{fill:${LIGHT};stroke:#d1d9e0}.grid{stroke:#d1d9e0}.spread{stroke:#1f2328}.hollow{fill:${LIGHT}}`,
  `@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.faint{fill:#9198a1}.page{fill:${DARK};stroke:#3d444d}`,
  `.grid{stroke:#3d444d}.spread{stroke:#f0f6fc}.hollow{fill:${DARK}}}`,
].join("");

/** The file of a picture. The classes of its elements choose colours that suit a light or a dark page. */
export function formatPicture({ width, height, title, description, body }: Picture): string {
  const size = { width, height, viewBox: `0 0 ${width} ${height}` };
  const named = { role: "img", "aria-labelledby": "title description" };
  const page = { class: "page", x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: 6 };
  const parts = [
    element("title", { id: "title" }, text(title)),
    element("desc", { id: "description" }, text(description)),
    element("style", {}, text(STYLE)),
    element("rect", page),
    ...body,
  ];
  const lines = parts.map((part) => `${part}\n` as Markup);
  return `${element("svg", { xmlns: "http://www.w3.org/2000/svg", ...size, ...named }, "\n" as Markup, ...lines)}\n`;
}

function formatValue(value: string | number): string {
  // Adding 0 makes 0 of a negative one.
  return typeof value === "number" ? `${Math.round(value * 10) / 10 + 0}` : value;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

function escapeXml(content: string): string {
  // XML 1.0, section 2.2: control characters can't even be escaped.
  return content
    .replaceAll(/[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "?")
    .replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
