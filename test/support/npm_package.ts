/**
 * The package as npm, Bun and Node get it, in a `node_modules` folder: the one that JSR makes of what was published,
 * with JavaScript beside TypeScript, and the one that `npm pack` makes, with TypeScript only.
 *
 * @module
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PROJECT } from "../runner/process.ts";
import { check } from "../runner/steps.ts";
import { findTools } from "../runner/tools.ts";
import { manifest } from "./manifest.ts";

/** JSR's folder for declarations. */
const DECLARATIONS = "_dist";

/**
 * Install what JSR makes of published files for npm into a folder, and link the packages that it needs.
 *
 * JSR does that by its own compiler; see api/src/npm/tarball.rs in github.com/jsr-io/jsr.
 */
export async function installFromJsr(published: string, folder: string): Promise<void> {
  const target = installedIn(folder);
  mkdirSync(dirname(target), { recursive: true });
  cpSync(published, target, { recursive: true });
  const dependencies = rewriteSources(target, (text) => text.replace(NPM_SPECIFIER, '"$1$3"'));
  await compile(target);
  rewriteSources(target, (text) => text.replace(RELATIVE_SPECIFIER, '$1.js"'));
  writeFileSync(join(target, "package.json"), JSON.stringify(npmManifest(dependencies), null, 2));
  linkPackages(folder, Object.keys(dependencies));
}

/** Install what `npm pack` makes of the project into a folder, and link the packages that it needs. */
export async function installPacked(folder: string): Promise<void> {
  const target = installedIn(folder);
  mkdirSync(target, { recursive: true });
  const { bun } = await findTools();
  await check([bun, "pm", "pack", "--quiet", "--ignore-scripts", "--destination", folder]);
  const archive = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  if (archive === undefined) throw new Error("bun pm pack made no archive");
  await check(["tar", "-xzf", join(folder, archive), "-C", target, "--strip-components=1"]);
  const { dependencies } = JSON.parse(readFileSync(join(target, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  linkPackages(folder, Object.keys(dependencies));
}

/** Where an application in a folder has the package. */
export function installedIn(folder: string): string {
  return join(folder, "node_modules", manifest.name);
}

/** `"npm:name@version/path"`, the name and the path. */
const NPM_SPECIFIER = /"npm:((?:@[\w.-]+\/)?[\w.-]+)@([^"/]+)((?:\/[^"]*)?)"/g;
/** `from "./module.ts"`, `import("../module.ts")`. */
const RELATIVE_SPECIFIER = /(\b(?:from|import)\s*\(?\s*"\.{1,2}\/[^"]+)\.ts"/g;

/** Change all modules in TypeScript. The packages that they named before, with their versions. */
function rewriteSources(target: string, rewrite: (text: string) => string): Record<string, string> {
  const dependencies: Record<string, string> = {};
  for (const file of readdirSync(target, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts") || file.endsWith(".d.ts")) continue;
    const text = readFileSync(join(target, file), "utf8");
    for (const [, name = "", version = ""] of text.matchAll(NPM_SPECIFIER)) dependencies[name] = version;
    writeFileSync(join(target, file), rewrite(text));
  }
  return dependencies;
}

/** Put JavaScript beside each module in TypeScript, and its declarations into a folder of their own. */
async function compile(target: string): Promise<void> {
  const config = join(target, "tsconfig.json");
  const compilerOptions = {
    target: "ESNext",
    module: "ESNext",
    moduleResolution: "Bundler",
    rootDir: ".",
    outDir: ".",
    declaration: true,
    declarationDir: DECLARATIONS,
    rewriteRelativeImportExtensions: true,
    verbatimModuleSyntax: true,
    isolatedDeclarations: true,
    noCheck: true,
    types: [],
  };
  writeFileSync(config, JSON.stringify({ compilerOptions, include: ["**/*.ts"], exclude: [DECLARATIONS] }));
  const { tsc } = await findTools();
  await check([...tsc, "--project", config]);
}

function npmManifest(dependencies: Readonly<Record<string, string>>): object {
  const exports = Object.entries(manifest.exports).map(([name, path]) => {
    const module = path.replace(/^\.\/|\.ts$/g, "");
    return [name, { types: `./${DECLARATIONS}/${module}.d.ts`, default: `./${module}.js` }];
  });
  return {
    name: `@jsr/${manifest.name.slice(1).replace("/", "__")}`,
    version: manifest.version,
    type: "module",
    exports: Object.fromEntries(exports),
    dependencies,
  };
}

/** Let an application in a folder find the packages that the project has. */
function linkPackages(folder: string, names: readonly string[]): void {
  for (const name of names) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(realpathSync(`${PROJECT}/node_modules/${name}`), link);
  }
}
