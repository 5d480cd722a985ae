/**
 * The examples in TypeScript of documents and of comments. The word behind `ts` says what they are:
 *
 * - none: a program that runs to its end, or a configuration
 * - `serves`: a program that answers to GET on port 8080 with 200, until it is stopped
 * - `types`: only its types are looked at
 * - `fragment`: nothing is looked at
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const PACKAGE = "@ringway/proxy";

/** What is to be done with an example. */
export type BlockKind = "run" | "serves" | "types";

/** An example. */
export interface DocBlock {
  /** File and line. */
  readonly place: string;
  readonly kind: BlockKind;
  readonly code: string;
}

/** The documents, by their paths in the project. */
export function documents(): string[] {
  return ["README.md", ...filesBelow("docs", ".md"), "bench/README.md"];
}

/** All examples of documents, and those of comments that import the package as its users do. */
export function docBlocks(): DocBlock[] {
  const sources = [...filesBelow("lib", ".ts"), ...filesBelow("ffi", ".ts")].filter((path) => !/test[._]/.test(path));
  return [
    ...documents().flatMap((path) => blocksOf(path, read(path))),
    ...sources.flatMap((path) =>
      blocksOf(path, read(path).replaceAll(/^ *\* ?/gm, "")).filter(({ code }) => code.includes(`"${PACKAGE}`)),
    ),
  ];
}

function read(path: string): string {
  return readFileSync(`${PROJECT}/${path}`, "utf8");
}

function filesBelow(folder: string, ending: string): string[] {
  const names = readdirSync(`${PROJECT}/${folder}`, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(ending)).map((name) => `${folder}/${name}`);
}

function blocksOf(path: string, text: string): DocBlock[] {
  return [...text.matchAll(/^```ts(?: (.*))?\n([\s\S]*?)^```$/gm)].flatMap((match) => {
    const [, kind = "run", code = ""] = match;
    const place = `${path}:${text.slice(0, match.index).split("\n").length}`;
    if (kind === "fragment") return [];
    if (kind !== "run" && kind !== "serves" && kind !== "types") throw new Error(`${place}: what is "ts ${kind}"?`);
    return [{ place, kind, code }];
  });
}

/** Addresses in examples. */
export interface ExampleAddresses {
  /** The port in the place of 8080. */
  readonly port: number;
  /** The port in the place of all others of this machine. */
  readonly upstreamPort: number;
}

/** The code as it is run from anywhere: with the package's files, and with ports of the test. */
export function runnable(code: string, { port, upstreamPort }: ExampleAddresses): string {
  const { exports } = JSON.parse(read("package.json")) as { readonly exports: Readonly<Record<string, string>> };
  return code
    .replaceAll(/"@ringway\/proxy(\/[^"]*)?"/g, (name, entry: string | undefined) => {
      const file = exports[entry === undefined ? "." : `.${entry}`];
      if (file === undefined) throw new Error(`${name} is not exported`);
      return JSON.stringify(new URL(file, `file://${PROJECT}/`).pathname);
    })
    .replaceAll(/\b(127\.0\.0\.1|localhost):(?!8080\b)(?!0\b)\d+/g, `$1:${upstreamPort}`)
    .replaceAll(/\b8080\b/g, String(port));
}
