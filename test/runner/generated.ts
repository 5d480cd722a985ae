/**
 * Are the committed files that are generated from `zig/` up to date?
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { PROJECT } from "./process.ts";
import { StepError } from "./steps.ts";

const CURE = "To update it: zig build update (zig is in .tools/zig/ziglang, and docs/building.md says what it needs)";

/** The architectures that a library is embedded for, and what Debian calls them. */
export const ARCHITECTURES = { x86_64: "amd64", aarch64: "arm64" } as const;

/** The name of one of them. */
export type Architecture = keyof typeof ARCHITECTURES;

/**
 * Compare them with what the build has just made for some architectures; for others, at least the sources have to be
 * the same. Throws a {@linkcode StepError} that says how to update.
 */
export async function checkGenerated(built: readonly Architecture[]): Promise<string | undefined> {
  const [abi, builtAbi] = await Promise.all([read("ffi/abi.ts"), read("zig-out/generated/abi.ts")]);
  if (abi !== builtAbi) throw new StepError(`ffi/abi.ts is stale. ${CURE}`);
  const [native = "x86_64"] = built;
  const nativeModule = await read(`zig-out/generated/embedded/${native}.ts`);
  const remarks: string[] = [];
  for (const architecture of Object.keys(ARCHITECTURES) as Architecture[]) {
    const isBuilt = built.includes(architecture);
    const builtModule = isBuilt ? await read(`zig-out/generated/embedded/${architecture}.ts`) : nativeModule;
    const remark = await checkEmbedded(architecture, builtModule, isBuilt);
    if (remark !== null) remarks.push(remark);
  }
  return remarks.length === 0 ? undefined : `ok, by the hash of the sources, as ${remarks.join(" and ")}`;
}

/** Why a module is not compared byte by byte, or `null`. */
async function checkEmbedded(architecture: Architecture, built: string, isBuilt: boolean): Promise<string | null> {
  const path = `ffi/embedded/${architecture}.ts`;
  const embedded = await read(path);
  if (embedded === built) return null;
  const isSame = (name: string): boolean => recorded(path, embedded, name) === recorded(path, built, name);
  // Another liburing or compiler makes other bytes of the same sources.
  if (!isSame("SOURCE_SHA256") || (isBuilt && isSame("ZIG_VERSION") && isSame("LIBURING_SHA256"))) {
    throw new StepError(`${path} is stale. ${CURE}`);
  }
  return isBuilt ? `the compiler or liburing for ${architecture} is another` : `none was built for ${architecture}`;
}

function read(path: string): Promise<string> {
  return readFile(`${PROJECT}/${path}`, "utf8");
}

function recorded(path: string, module: string, name: string): string {
  const found = new RegExp(`export const ${name} = "(.+)"`).exec(module)?.[1];
  if (found === undefined) throw new StepError(`${path} has no ${name}. ${CURE}`);
  return found;
}
