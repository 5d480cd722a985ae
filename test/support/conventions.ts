/**
 * The rules of this repository that a program can check: one function for each.
 *
 * @module
 */
import { posix } from "node:path";
import { lineOf, sourceParts } from "./source_text.ts";

/** A file of the repository. */
export interface SourceFile {
  /** From the project's folder. */
  readonly path: string;
  readonly text: string;
}

/** A place that breaks a rule: `path:line: what is wrong`. */
export type Finding = string;

/** What is made from other files. */
const GENERATED = /^ffi\/(?:abi\.ts|embedded\/)/;
const TESTS = /^(?:test|bench)\/|\.test\.ts$/;

function isScript(file: SourceFile): boolean {
  return file.path.endsWith(".ts");
}

/** A finding for every match of the pattern in a text that stands for the file's. */
function matches(file: SourceFile, text: string, pattern: RegExp, message: string): Finding[] {
  return [...text.matchAll(pattern)].map((match) => {
    return `${file.path}:${lineOf(text, match.index)}: ${message}: ${match[0].trim()}`;
  });
}

interface Import {
  readonly specifier: string;
  /** The file, for a relative specifier. */
  readonly target: string | null;
  readonly line: number;
}

/** All imports, static and dynamic, and all modules that are named by a URL. */
function importsOf(file: SourceFile): Import[] {
  const { code, codeAndNames } = sourceParts(file.text);
  const pattern = /(?:\bfrom|\bimport|\bimport\(|\bnew URL\()\s*"([^"\n]+)"/g;
  return [...codeAndNames.matchAll(pattern)].flatMap((match) => {
    // The word may be the end of a string.
    if (code[match.index] === " ") return [];
    const specifier = match[1] ?? "";
    const target = specifier.startsWith(".") ? posix.join(posix.dirname(file.path), specifier) : null;
    return [{ specifier, target, line: lineOf(codeAndNames, match.index) }];
  });
}

/** The layers, lowest first. Those of one entry don't know each other. */
const LAYERS: readonly (readonly string[])[] = [
  ["lib/version.ts"],
  ["ffi"],
  ["lib/ring"],
  ["lib/http", "lib/net"],
  ["lib/sockets"],
  ["lib/operations", "lib/proxy", "lib/threads"],
  ["lib/server", "lib/web"],
  ["lib/dev_proxy"],
  ["mod.ts", "proxy.ts"],
  ["test"],
  ["bench", "examples"],
];

function layerOf(path: string): { name: string; rank: number } | null {
  for (const [rank, names] of LAYERS.entries()) {
    const name = names.find((candidate) => path === candidate || path.startsWith(`${candidate}/`));
    if (name !== undefined) return { name, rank };
  }
  return null;
}

/** Imports point downwards. */
export function upwardImports(file: SourceFile): Finding[] {
  if (!isScript(file)) return [];
  const layer = layerOf(file.path);
  if (layer === null) return [`${file.path}:1: belongs to no layer`];
  return importsOf(file).flatMap(({ target, line }) => {
    const other = target === null ? null : layerOf(target);
    if (other === null || other.name === layer.name || other.rank < layer.rank) return [];
    return [`${file.path}:${line}: ${layer.name} imports from ${other.name}, which is not below it: ${target}`];
  });
}

/** Only `ffi/` knows that there are different runtimes. */
export function runtimeNames(file: SourceFile): Finding[] {
  if (!isScript(file) || /^(?:ffi|test|bench)\//.test(file.path)) return [];
  const { code, codeAndNames } = sourceParts(file.text);
  return [
    ...matches(file, code, /\b(?:Bun|Deno)\b/g, "a runtime's name outside ffi/"),
    ...matches(file, codeAndNames, /"(?:bun|deno|ext):[^"]*"/g, "a runtime's module outside ffi/"),
  ];
}

/** Nothing is left for later. */
export function leftovers(file: SourceFile): Finding[] {
  return matches(file, file.text, /\b(?:TOD[O]|FIXM[E]|XX[X])\b/g, "left for later");
}

/** The library prints nothing. */
export function consoleUses(file: SourceFile): Finding[] {
  if (!isScript(file) || file.path === "proxy.ts" || file.path.startsWith("examples/") || TESTS.test(file.path))
    return [];
  return matches(file, sourceParts(file.text).code, /(?<![.#\w$])console\s*\.\s*\w+/g, "prints");
}

const LINE_LENGTH = 120;

/** Lines fit beside each other. */
export function longLines(file: SourceFile): Finding[] {
  if (!/\.(?:ts|zig)$/.test(file.path) || GENERATED.test(file.path)) return [];
  return file.text.split("\n").flatMap((line, index) => {
    if (line.length <= LINE_LENGTH) return [];
    return [`${file.path}:${index + 1}: ${line.length} columns, more than ${LINE_LENGTH}`];
  });
}

/** Each file says what it is for. A unit test says it by its name. */
export function missingModuleComment(file: SourceFile): Finding[] {
  const isTest = file.path.endsWith(".test.ts");
  if (GENERATED.test(file.path) || (isTest && !file.path.startsWith("test/"))) return [];
  const comment = /^(?:#!.*\n)?\/\*\*[\s\S]*?\*\//.exec(file.text)?.[0] ?? "";
  const isMissing =
    (isScript(file) && (comment === "" || (!isTest && !/@module\b/.test(comment)))) ||
    (file.path.endsWith(".zig") && !file.text.startsWith("//! "));
  return isMissing ? [`${file.path}:1: has no module comment`] : [];
}

/** Types say what they are. */
export function anyTypes(file: SourceFile): Finding[] {
  if (!isScript(file)) return [];
  return matches(file, sourceParts(file.text).code, /(?<![.\w$])any(?![\w$]|\s*[(:=])/g, "a type that is none");
}

/** Nothing depends on one machine. */
export function machinePaths(file: SourceFile): Finding[] {
  return matches(file, file.text, /(?<![\w./$-])\/(?:work|root|home\/\w+)(?![\w-])/g, "a path of one machine");
}

/** What every program can use without a package manager imports no package. */
export function packagesInLowLayers(file: SourceFile): Finding[] {
  if (!/^(?:ffi|lib\/ring|lib\/net|lib\/http|lib\/operations)\//.test(file.path) || TESTS.test(file.path)) return [];
  return importsOf(file)
    .filter(({ specifier, target }) => target === null && !/^(?:node|bun):/.test(specifier))
    .map(({ specifier, line }) => `${file.path}:${line}: imports the package "${specifier}"`);
}

/** Every module of the library is used by another file. */
export function deadFiles(files: readonly SourceFile[]): Finding[] {
  const used = new Set(files.filter(isScript).flatMap((file) => importsOf(file).map(({ target }) => target)));
  return files
    .filter(({ path }) => /^(?:lib|ffi)\/.*\.ts$/.test(path) && !path.endsWith(".test.ts") && !used.has(path))
    .map(({ path }) => `${path}:1: nothing imports it`);
}

/** The list in `zig/embed.zig` has what `zig/exports.zig` is made of, and the version script. */
export function embeddedSources(files: readonly SourceFile[]): Finding[] {
  const text = (name: string): string => files.find(({ path }) => path === `zig/${name}`)?.text ?? "";
  const built = new Set(["exports.map"]);
  const add = (name: string): void => {
    if (built.has(name)) return;
    built.add(name);
    for (const [, imported = ""] of text(name).matchAll(/@import\("(\w+\.zig)"\)/g)) add(imported);
  };
  add("exports.zig");
  const list = /const sources = \.\{([^}]*)\}/.exec(text("embed.zig"))?.[1] ?? "";
  const listed = new Set([...list.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name));
  return [
    ...[...built].filter((name) => !listed.has(name)).map((name) => `zig/embed.zig:1: "sources" lacks ${name}`),
    ...[...listed].filter((name) => !built.has(name)).map((name) => `zig/embed.zig:1: "sources" has ${name} in vain`),
  ];
}

/** What `package.json` and `deno.json` both say. */
interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly exports?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly imports?: Readonly<Record<string, string>>;
}

/** Both runtimes get the same package. */
export function differentManifests(files: readonly SourceFile[]): Finding[] {
  const read = (wanted: string): Manifest => {
    return JSON.parse(files.find(({ path }) => path === wanted)?.text ?? "{}") as Manifest;
  };
  const [forNpm, forDeno] = [read("package.json"), read("deno.json")];
  const findings: Finding[] = [];
  for (const field of ["name", "version", "license", "exports"] as const) {
    const [npm, deno] = [JSON.stringify(forNpm[field]), JSON.stringify(forDeno[field])];
    if (npm === undefined || npm !== deno) findings.push(`deno.json:1: "${field}" is ${deno}, in package.json ${npm}`);
  }
  const packages: Record<string, string> = { ...forNpm.dependencies, ...forNpm.devDependencies };
  const imports = forDeno.imports ?? {};
  for (const name of new Set([...Object.keys(packages), ...Object.keys(imports)])) {
    // Deno has the types of node: built in.
    if (name.startsWith("@types/")) continue;
    const npm = packages[name] === undefined ? undefined : `npm:${name}@${packages[name]}`;
    if (npm !== imports[name])
      findings.push(`deno.json:1: imports "${name}" as ${imports[name]}, package.json as ${npm}`);
  }
  return findings;
}
