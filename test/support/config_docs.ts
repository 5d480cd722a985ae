/**
 * What is printed from the schema of configuration files: docs/config.md and docs/ringway.schema.json.
 *
 * @module
 */
import { jsonSchema } from "../../lib/server/config_file/schema.ts";

/** The parts of JSON Schema that the schema uses. */
interface SchemaNode {
  readonly description?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly anyOf?: readonly SchemaNode[];
  readonly items?: SchemaNode;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
}

/** The generated files, by their paths in the project. */
export function configDocs(): Readonly<Record<string, string>> {
  const schema = { title: "ringway.yaml", ...jsonSchema() };
  return {
    "docs/ringway.schema.json": `${JSON.stringify(schema, null, 2)}\n`,
    "docs/config.md": reference(schema as SchemaNode),
  };
}

const HEAD = `# Configuration files

<!-- Generated from lib/server/config_file/schema.ts by test/support/write_config_docs.ts: edit the schema. -->

\`--config FILE\` (\`-c\`) chooses a file. Without it, and without \`--listen\` and \`--to\`, \`ringway.yaml\` or
\`ringway.config.ts\` in the working directory is used. Options that are given on the command line win over the file;
\`--listen\` and \`--to\` do not go with one. \`--check\` says all that is wrong with a file, each with its line and
column, and ends with 2; or that the configuration is good.

\`\`\`yaml
# yaml-language-server: $schema=./docs/ringway.schema.json
listeners:
  - listen: 127.0.0.1:8080
    cluster: web
clusters:
  - name: web
    endpoints: ["127.0.0.1:3000"]
\`\`\`

The same in TypeScript is a module, which the main thread imports:

\`\`\`ts
import { defineConfig } from "@ringway/proxy";

export default defineConfig({
  listeners: [{ listen: "127.0.0.1:8080", cluster: "web" }],
  clusters: [{ name: "web", endpoints: ["127.0.0.1:3000"] }],
});
\`\`\`

The first line of the YAML file gives an editor its completion, from [ringway.schema.json](ringway.schema.json). A key
that is unknown, or that would have no effect, is a mistake. Names that end in \`_ms\` are in milliseconds.
`;

function reference(schema: SchemaNode): string {
  return `${HEAD}${section("The whole file", "", schema)}`;
}

/** A table of a mapping's keys, then the tables of the mappings in it. */
function section(title: string, prefix: string, node: SchemaNode): string {
  const properties = Object.entries(node.properties ?? {});
  const rows = properties.map(([key, value]) => row(key, value, node.required?.includes(key) === true));
  const table = ["| Key | Type | Default | Meaning |", "|---|---|---|---|", ...rows].join("\n");
  const inner = properties.flatMap(([key, value]) => {
    if (value.properties !== undefined) return [section(`\`${prefix}${key}\``, `${prefix}${key}.`, value)];
    if (value.items?.properties === undefined) return [];
    return [section(`\`${prefix}${key}[]\``, `${prefix}${key}[].`, value.items)];
  });
  return `\n## ${title}\n\n${table}\n${inner.join("")}`;
}

function row(key: string, node: SchemaNode, isRequired: boolean): string {
  const initial = node.properties === undefined ? node.default : undefined;
  const shown = isRequired
    ? "required"
    : initial === undefined
      ? ""
      : `\`${JSON.stringify(initial).replaceAll('"', "")}\``;
  return `| \`${key}\` | ${typeOf(node)} | ${shown} | ${node.description ?? ""} |`;
}

function typeOf(node: SchemaNode): string {
  if (node.anyOf !== undefined) return node.anyOf.map(typeOf).join(" or ");
  if (node.const !== undefined) return `\`${node.const}\``;
  if (node.enum !== undefined) return node.enum.map((name) => `\`${name}\``).join(", ");
  if (node.properties !== undefined) return "mapping";
  if (node.items !== undefined)
    return `list of ${node.items.properties === undefined ? typeOf(node.items) : "mapping"}s`;
  if (node.type === "integer") return `${node.minimum} to ${node.maximum}`;
  return node.type ?? "";
}
