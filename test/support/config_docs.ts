/**
 * What is printed from the schema of configuration files: docs/config.md, docs/ringway.schema.json, and the comments of
 * the types.
 *
 * @module
 */
import { jsonSchema } from "../../lib/server/config_file/schema.ts";
import { rangeOf, type SchemaNode } from "./schema_node.ts";
import { commentedTypes } from "./type_comments.ts";

/** The generated files, by their paths in the project. */
export function configDocs(): Readonly<Record<string, string>> {
  const schema = { title: "ringway.yaml", ...jsonSchema() };
  return {
    "docs/ringway.schema.json": `${JSON.stringify(schema, null, 2)}\n`,
    "docs/config.md": reference(schema as SchemaNode),
    ...commentedTypes(schema as SchemaNode),
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

The same in TypeScript is a module, which the main thread imports, and each worker too if it has filters of its own:

\`\`\`ts
import { defineConfig } from "@ringway/proxy";

export default defineConfig({
  listeners: [{ listen: "127.0.0.1:8080", cluster: "web" }],
  clusters: [{ name: "web", endpoints: ["127.0.0.1:3000"] }],
});
\`\`\`

The first line of the YAML file gives an editor its completion, from [ringway.schema.json](ringway.schema.json). A key
that is unknown, or that would have no effect, is a mistake. Names that end in \`_ms\` are in milliseconds.

In the place of \`cluster\`, a listener may have \`routes\`, or \`virtual_hosts\` with routes for some hosts each. The
first route whose \`match\` is true of a request says where it goes: to a cluster, to several by their weights, to
another place (\`redirect\`), or nowhere (\`response\`). Filters are what requests and responses pass through on
their way. More about each: [routing.md](routing.md), [filters.md](filters.md),
[load-balancing.md](load-balancing.md), [health_checks.md](health_checks.md), and [http.md](http.md) for times, retries,
overload and the access log.

\`\`\`yaml
listeners:
  - listen: 127.0.0.1:8080
    filters:
      - { type: rate_limit, requests: 50, per_ms: 1000, key: client }
      - { type: cors, match: { prefix: /api }, allow_origins: ["https://*.shop.example"] }
    virtual_hosts:
      - domains: [shop.example, "*.shop.example"]
        routes:
          - name: api
            match: { prefix: /api, methods: [GET, POST] }
            clusters: [{ cluster: api, weight: 90 }, { cluster: api-next, weight: 10 }]
            rewrite: { prefix: /, host: api.internal }
            request_headers: { set: { x-team: shop }, add: { x-tag: [a, b] }, remove: [x-debug] }
            mirror: { cluster: api-next, percent: 5 }
            hash: [{ cookie: session }, { source: true }]
            retry: { on: [connect-failure, reset, gateway-error], attempts: 2 }
            timeout_ms: 15000
          - match: { path: /old }
            redirect: { path: /new }
          - cluster: web
      - domains: ["*"]
        routes:
          - response: { status: 404, body: "no such shop\\n" }
clusters:
  - name: api
    endpoints: ["127.0.0.1:3000", { address: "127.0.0.1:3001", weight: 2 }]
    balancer: ring_hash
    outlier_detection: { consecutive_5xx: 3 }
    health_check: { type: http, path: /healthz }
  - name: api-next
    endpoints: ["127.0.0.1:3100"]
    max_requests: 100
  - name: web
    endpoints: ["127.0.0.1:3200", "127.0.0.1:3201"]
    balancer: least_request
\`\`\`

A filter of one's own is an \`HttpFilter\`, in a configuration in TypeScript:

\`\`\`ts
import { defineConfig, type HttpFilter } from "@ringway/proxy";

const stamp: HttpFilter = {
  name: "stamp",
  onResponseHead: ({ response }) => response?.fields.set("x-served-by", "ringway"),
};

export default defineConfig({
  listeners: [{ listen: "127.0.0.1:8080", filters: [{ type: "custom", filter: stamp }], cluster: "web" }],
  clusters: [{ name: "web", endpoints: ["127.0.0.1:3000"] }],
});
\`\`\`
`;

function reference(schema: SchemaNode): string {
  const titles = new Map<string, string>();
  return `${HEAD}${section("The whole file", "", schema, titles)}`;
}

/** By the keys of a mapping, the title of its table. */
type Titles = Map<string, string>;

/** A table of a mapping's keys, then the tables of the mappings in it. */
function section(title: string, prefix: string, node: SchemaNode, titles: Titles): string {
  titles.set(JSON.stringify(node.properties), title);
  const properties = Object.entries(node.properties ?? {});
  // First all rows, then the tables below: a row names the table of the same keys that is above.
  const rows = properties.map(([key, value]) =>
    row(key, value, node.required?.includes(key) === true, titles, `${prefix}${key}`),
  );
  const inner = properties.map(([key, value]) => tablesBelow(`${prefix}${key}`, value, titles));
  return `\n## ${title}\n\n${table(rows)}\n${inner.join("")}`;
}

function table(rows: readonly string[]): string {
  return ["| Key | Type | Default | Meaning |", "|---|---|---|---|", ...rows].join("\n");
}

/** The tables for a value that is a mapping, a list of some, or one of several. */
function tablesBelow(path: string, node: SchemaNode, titles: Titles): string {
  if (node.items !== undefined) return tablesBelow(`${path}[]`, node.items, titles);
  if (node.oneOf !== undefined) return variants(path, node.oneOf, titles);
  const mapping = mappingOf(node);
  if (mapping === null || titles.has(JSON.stringify(mapping.properties))) return "";
  return section(`\`${path}\``, `${path}.`, mapping, titles);
}

/** What mappings with a `type` have in common, then a table for each type. */
function variants(path: string, nodes: readonly SchemaNode[], titles: Titles): string {
  const [first] = nodes;
  const common = Object.entries(first?.properties ?? {}).filter(([key]) =>
    nodes.every((node) => node.properties?.[key] !== undefined),
  );
  const types = nodes.map((node) => `\`${node.properties?.["type"]?.const}\``).join(", ");
  const rows = common.map(([key, value]) => {
    if (key === "type") return `| \`type\` | ${types} | required | ${value.description} |`;
    return row(key, value, first?.required?.includes(key) === true, titles, `${path}.${key}`);
  });
  const tables = nodes.map((node) => {
    const properties = Object.entries(node.properties ?? {}).filter(([key]) => common.every(([name]) => name !== key));
    const own = properties.map(([key, value]) =>
      row(key, value, node.required?.includes(key) === true, titles, `${path}.${key}`),
    );
    const title = `\`${path}\` of type \`${node.properties?.["type"]?.const}\``;
    return `\n## ${title}\n\n${node.description ?? ""}\n\n${table(own)}\n`;
  });
  return `\n## \`${path}\`\n\n${table(rows)}\n${tables.join("")}`;
}

/** The value itself, or the one of several that is a mapping. */
function mappingOf(node: SchemaNode): SchemaNode | null {
  return [node, ...(node.anyOf ?? [])].find(({ properties }) => properties !== undefined) ?? null;
}

function row(key: string, node: SchemaNode, isRequired: boolean, titles: Titles, path: string): string {
  const initial = node.properties === undefined ? (node.default ?? "") : "";
  const written = JSON.stringify(initial).replaceAll('"', "").replaceAll(",", ", ");
  const shown = isRequired ? "required" : written === "" ? "" : `\`${written}\``;
  return `| \`${key}\` | ${typeOf(node)}${seeAlso(node, titles, path)} | ${shown} | ${node.description ?? ""} |`;
}

/** Where the same keys have their table already. */
function seeAlso(node: SchemaNode, titles: Titles, path: string): string {
  const mapping = mappingOf(node.items ?? node);
  const title = mapping === null ? undefined : titles.get(JSON.stringify(mapping.properties));
  return title === undefined || title.startsWith(`\`${path}`) ? "" : `, as ${title}`;
}

function typeOf(node: SchemaNode): string {
  if (node.anyOf !== undefined) return node.anyOf.map(typeOf).join(" or ");
  if (node.const !== undefined) return `\`${node.const}\``;
  if (node.enum !== undefined) return node.enum.map((name) => `\`${name}\``).join(", ");
  if (node.properties !== undefined || node.oneOf !== undefined) return "mapping";
  if (node.items !== undefined) return `list of ${typesOf(node.items)}`;
  if (typeof node.additionalProperties === "object") return `mapping of names to ${typesOf(node.additionalProperties)}`;
  return rangeOf(node) || (node.type ?? "object");
}

/** The type of several values. */
function typesOf(node: SchemaNode): string {
  if (Object.keys(node).length === 0) return "values";
  if (node.anyOf !== undefined) return node.anyOf.map(typesOf).join(" or ");
  if (node.items !== undefined) return `lists of ${typesOf(node.items)}`;
  return node.type === "string" && node.enum === undefined ? "strings" : plural(typeOf(node));
}

function plural(type: string): string {
  return type === "mapping" ? "mappings" : type;
}
