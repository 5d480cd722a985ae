/**
 * The types of configuration files with what the schema says about each key, for those who write one in an editor.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { rangeOf, type SchemaNode } from "./schema_node.ts";

const FILES: readonly string[] = ["types.ts", "route_types.ts", "filter_types.ts"].map(
  (name) => `lib/server/config_file/${name}`,
);
const COLUMNS = 120;

/** The files of the types, by their paths in the project, with a comment for each key. */
export function commentedTypes(schema: SchemaNode): Readonly<Record<string, string>> {
  const mappings = mappingsOf(schema);
  return Object.fromEntries(FILES.map((path) => [path, commented(path, mappings)]));
}

/** All mappings of a schema, whatever they are in. */
function mappingsOf(node: SchemaNode): SchemaNode[] {
  const { properties = {}, items, anyOf = [], oneOf = [], additionalProperties } = node;
  const inner = [...Object.values(properties), ...anyOf, ...oneOf, ...(items === undefined ? [] : [items])];
  if (typeof additionalProperties === "object") inner.push(additionalProperties);
  return [...(node.properties === undefined ? [] : [node]), ...inner.flatMap(mappingsOf)];
}

function commented(path: string, mappings: readonly SchemaNode[]): string {
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
  return text.replaceAll(/^export interface (\w+)[^{]*\{\n([\s\S]*?)^\}/gm, (all, name: string, body: string) => {
    const withoutComments = body.replaceAll(/^ {2}\/\*\*[\s\S]*?\*\/\n/gm, "");
    const keys = [...withoutComments.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, key = ""]) => key);
    const mapping = mappingOf(keys, mappings);
    if (mapping === null) throw new Error(`${path}: the schema has nothing like ${name}`);
    const withComments = withoutComments.replaceAll(/^ {2}readonly (\w+)\??:/gm, (member, key: string) => {
      return `${comment(key, mapping.properties?.[key] as SchemaNode)}${member}`;
    });
    return all.replace(body, () => withComments);
  });
}

/** The smallest mapping that has all these keys. */
function mappingOf(keys: readonly string[], mappings: readonly SchemaNode[]): SchemaNode | null {
  const size = (node: SchemaNode): number => Object.keys(node.properties ?? {}).length;
  const candidates = mappings.filter(({ properties = {} }) => keys.every((key) => Object.hasOwn(properties, key)));
  return candidates.toSorted((one, other) => size(one) - size(other))[0] ?? null;
}

function comment(key: string, node: SchemaNode): string {
  const text = [node.description ?? "", allowed(key, node)].filter((part) => part !== "").join(" ");
  const line = `  /** ${text} */`;
  if (line.length <= COLUMNS) return `${line}\n`;
  const lines: string[] = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1) as string;
    if (`   * ${last} ${word}`.length > COLUMNS) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return `  /**\n${lines.map((one) => `   * ${one}\n`).join("")}   */\n`;
}

/** Which numbers, with the unit that the key ends with, and what holds without the key. */
function allowed(key: string, node: SchemaNode): string {
  const initial = node.default;
  const isShown = initial !== undefined && initial !== "" && !["[]", "{}"].includes(JSON.stringify(initial));
  const isText = isShown && node.properties === undefined && mappingsOf(node).length === 0;
  const byDefault = isText ? `by default ${JSON.stringify(initial).replaceAll('"', "`").replaceAll(",", ", ")}` : "";
  const [, unit = ""] = /_(ms|s)$/.exec(key) ?? [];
  const range = rangeOf(node);
  const text = [range === "" ? "" : `${range} ${unit}`.trim(), byDefault].filter((part) => part !== "").join("; ");
  return text === "" ? "" : `${text.replace(/^b/, "B")}.`;
}
