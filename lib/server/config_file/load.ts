/**
 * Finds and reads configuration files. The libraries for it are loaded when there is one: they take longer to
 * load than the rest of the program.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { importModule } from "../../../ffi/import_module.ts";
import { ConfigFileError } from "./problem.ts";
import type { CheckedFile } from "./schema.ts";

/** The names by which a file is found in the working directory. */
export const CONFIG_FILE_NAMES: readonly string[] = ["ringway.yaml", "ringway.config.ts"];

const YAML_EXTENSIONS: readonly string[] = [".yaml", ".yml", ".json"];
const MODULE_EXTENSIONS: readonly string[] = [".ts", ".mts", ".js", ".mjs"];

/** The file in the working directory, if there is one. Throws a {@linkcode ConfigFileError} if there are two. */
export function findConfigFile(): string | null {
  const found = CONFIG_FILE_NAMES.filter((name) => existsSync(name));
  const [first = null, second] = found;
  if (first !== null && second !== undefined) {
    throw new ConfigFileError(first, [`${first} and ${second} are both here: choose one by --config FILE`]);
  }
  return first;
}

/** Imports and checks a module at a URL; `file` is its name in problems. */
export type ModuleReader = (file: string, url: string) => Promise<CheckedFile>;

/**
 * Read and check a file; a module may also be at a URL that is no file's. Throws a {@linkcode ConfigFileError} with all
 * that is wrong.
 */
export async function loadConfigFile(
  source: string | URL,
  readModule: ModuleReader | null = null,
): Promise<CheckedFile> {
  const isFile = typeof source === "string";
  const file = isFile ? source : source.href;
  const extension = extname(isFile ? source : source.pathname);
  if (isFile && YAML_EXTENSIONS.includes(extension)) {
    const [text, { checkYaml }] = await Promise.all([readText(file), import("./check_yaml.ts")]);
    return checkYaml(file, text);
  }
  if (!MODULE_EXTENSIONS.includes(extension)) {
    const known = [...(isFile ? YAML_EXTENSIONS : []), ...MODULE_EXTENSIONS].join(", ");
    throw new ConfigFileError(file, [`${file}: the name of a configuration file ends with one of ${known}`]);
  }
  // An import that fails does not say whether the file or something in it is missing.
  if (isFile) await readText(file);
  return await (readModule ?? loadModule)(file, isFile ? pathToFileURL(resolve(source)).href : file);
}

/** Import and check a module. A second time, it is what it was at the first time. */
export async function loadModule(file: string, url: string): Promise<CheckedFile> {
  const [value, { checkValue }] = await Promise.all([importDefault(file, url), import("./check.ts")]);
  return checkValue(file, value, url);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw cannotRead(file, error);
  }
}

async function importDefault(file: string, url: string): Promise<unknown> {
  let module: { readonly default?: unknown };
  try {
    module = await importModule(url);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigFileError(file, [`${file}: cannot be imported: ${reason}`], error);
  }
  if (module.default !== undefined) return module.default;
  throw new ConfigFileError(file, [`${file}: has no default export: write "export default defineConfig({ ... })"`]);
}

function cannotRead(file: string, cause: unknown): ConfigFileError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: "there is no such file",
    EACCES: "no permission to read it",
    EISDIR: "it is a folder",
  };
  return new ConfigFileError(file, [`${file}: cannot be read: ${reasons[code] ?? code}`], cause);
}
