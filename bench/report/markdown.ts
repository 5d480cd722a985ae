/**
 * Markdown as GitHub reads it.
 *
 * @module
 */

/** Errors can have all that a program has printed. */
const LONGEST = 400;

/** Text in which nothing is markup, on one line; very long text is cut off. */
export function escapeMarkdown(content: string): string {
  const line = content.replaceAll(/\s+/g, " ").trim();
  const cut = line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
  return cut.replaceAll(/[\\`*_[\]<>|&~#$!]/g, "\\$&");
}

/** Text as code, which nothing ends but its end; in a cell of a table too. */
export function code(content: string): string {
  const line = content.replaceAll(/\s+/g, " ").replaceAll("|", "\\|");
  const runs = line.match(/`+/g) ?? [];
  const fence = "`".repeat(1 + Math.max(0, ...runs.map(({ length }) => length)));
  const space = line.startsWith("`") || line.endsWith("`") ? " " : "";
  return `${fence}${space}${line}${space}${fence}`;
}

/** A table of finished cells: the first columns are text, those behind them are aligned to the right. */
export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  textColumns = 1,
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  const alignment = header.map((_, column) => (column < textColumns ? "---" : "--:"));
  return [line(header), line(alignment), ...rows.map(line)].join("");
}

/** A list of finished items; nothing without any. */
export function markdownList(items: readonly string[]): string {
  return items.map((item) => `- ${item}\n`).join("");
}
