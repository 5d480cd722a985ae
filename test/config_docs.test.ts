/** Documents are what the schema and the statistics say, and the configurations in documents are good. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import * as reasons from "../lib/proxy/http/reasons.ts";
import { checkYaml } from "../lib/server/config_file/check_yaml.ts";
import { jsonSchema } from "../lib/server/config_file/schema.ts";
import { configDocs } from "./support/config_docs.ts";
import { statisticsDocs } from "./support/statistics_docs.ts";

describe("generated documentation", () => {
  for (const [path, text] of Object.entries({ ...configDocs(), ...statisticsDocs() })) {
    it(`${path} is up to date`, () => {
      const committed = readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
      assert.equal(committed, text, `${path} is stale: npx -y bun test/support/write_config_docs.ts`);
    });
  }

  it("has a meaning for every key", () => {
    const rows = (configDocs()["docs/config.md"] ?? "").split("\n").filter((line) => line.startsWith("| `"));
    assert.ok(rows.length > 40, String(rows.length));
    for (const row of rows) assert.match(row, /\| [A-Z][^|]+\. \|$/, row);
  });
});

const PROJECT = new URL("../", import.meta.url);

/** The configurations in YAML among the documents, which have no other word behind `yaml`; parts are put into one. */
function examples(): { readonly place: string; readonly text: string }[] {
  const documents = readdirSync(new URL("docs", PROJECT)).filter((name) => name.endsWith(".md"));
  return ["README.md", ...documents.map((name) => `docs/${name}`)].flatMap((path) => {
    const blocks = readFileSync(new URL(path, PROJECT), "utf8").matchAll(/^```yaml\n(.*?)^```$/gms);
    return [...blocks].map(([, text = ""], index) => ({ place: `${path}, block ${index + 1}`, text: completed(text) }));
  });
}

/** A list of filters or of routes, in a configuration. */
function completed(part: string): string {
  if (!part.startsWith("- ")) return part;
  const indented = part.replace(/^(?=.)/gm, "      ");
  if (part.startsWith("- type:")) {
    const clusters = 'clusters: [{ name: web, endpoints: ["a:1"] }]';
    return `listeners:\n  - listen: a:1\n    cluster: web\n    filters:\n${indented}${clusters}\n`;
  }
  const names = new Set([...part.matchAll(/\bcluster: ([\w-]+)/g)].map(([, name]) => name));
  // A balancer that hashes needs a route with a hash, and the other way round.
  const balancer = part.includes("hash:") ? "ring_hash" : "round_robin";
  const clusters = [...names].map((name) => `  - { name: ${name}, endpoints: ["a:1"], balancer: ${balancer} }\n`);
  const rest = names.size === 0 ? `      - cluster: rest\n` : "";
  const restCluster = names.size === 0 ? '  - { name: rest, endpoints: ["a:1"] }\n' : "";
  return `listeners:\n  - listen: a:1\n    routes:\n${indented}${rest}clusters:\n${clusters.join("")}${restCluster}`;
}

describe("documented configurations", () => {
  it("are found", () => {
    assert.ok(examples().filter(({ place }) => place.startsWith("docs/config.md")).length >= 2);
  });

  for (const { place, text } of examples()) {
    it(`${place}: is accepted`, () => {
      assert.ok(checkYaml(place, text).config.listeners.length > 0);
    });
  }

  it("in the examples folder are accepted", () => {
    const names = readdirSync(new URL("examples", PROJECT)).filter((name) => name.endsWith(".yaml"));
    assert.ok(names.length >= 4);
    for (const name of names) {
      const text = readFileSync(new URL(`examples/${name}`, PROJECT), "utf8");
      assert.ok(checkYaml(name, text).config.listeners.length > 0);
    }
  });
});

/** The part of a document below a heading, up to the next one of its level. */
function sectionOf(path: string, heading: string): string {
  const text = readFileSync(new URL(path, PROJECT), "utf8");
  const start = text.indexOf(`\n${heading}\n`);
  const level = heading.slice(0, heading.indexOf(" ") + 1);
  const end = text.indexOf(`\n${level}`, start + 1);
  return start < 0 ? "" : text.slice(start, end < 0 ? undefined : end);
}

interface Variant {
  readonly properties: Readonly<Record<string, { readonly const?: string }>>;
}

describe("what is written by hand", () => {
  it("has every reason of an answer of the proxy's own", () => {
    const table = sectionOf("docs/http.md", "## Answers of the proxy's own");
    const all = Object.values(reasons).filter((value) => value instanceof reasons.Reason);
    assert.ok(all.length >= 20);
    for (const { flag } of all) assert.ok(table.includes(`| \`${flag}\` |`), flag);
  });

  it("has every key of every built-in filter", () => {
    const schema = jsonSchema() as {
      properties: { listeners: { items: { properties: { filters: { items: { oneOf: readonly Variant[] } } } } } };
    };
    const variants = schema.properties.listeners.items.properties.filters.items.oneOf;
    assert.ok(variants.length >= 8);
    for (const { properties } of variants) {
      const type = properties["type"]?.const;
      if (type === "custom") continue;
      const section = sectionOf("docs/filters.md", `## \`${type}\``);
      for (const key of Object.keys(properties)) {
        if (key !== "type" && key !== "match") assert.ok(section.includes(`\`${key}\``), `${type}: ${key}`);
      }
    }
  });
});

describe("the JSON schema for editors", () => {
  it("knows the keys of sections in lists, and of each type of filter", () => {
    const text = JSON.stringify(jsonSchema());
    for (const key of ["host_from_endpoint", "allow_origins", "jwks_file", "consecutive_5xx", "expected_statuses"]) {
      assert.ok(text.includes(`"${key}":{`), key);
    }
  });
});
