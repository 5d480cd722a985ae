/**
 * Are the committed files that are generated from `zig/` up to date?
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { PROJECT } from "./process.ts";
import { StepError } from "./steps.ts";

const CURE = "To update it: zig build update (zig is in .tools/zig/ziglang)";

/** Compare them with what the build has just made. Throws a {@linkcode StepError} that says how to update. */
export async function checkGenerated(): Promise<string | undefined> {
  const [abi, builtAbi, embedded, builtEmbedded] = await Promise.all(
    ["ffi/abi.ts", "zig-out/generated/abi.ts", "ffi/embedded/x86_64.ts", "zig-out/generated/embedded/x86_64.ts"].map(
      (path) => readFile(`${PROJECT}/${path}`, "utf8"),
    ),
  );
  if (abi !== builtAbi) throw new StepError(`ffi/abi.ts is stale. ${CURE}`);
  if (embedded === undefined || builtEmbedded === undefined || embedded === builtEmbedded) return;
  const isSame = (name: string): boolean => recorded(embedded, name) === recorded(builtEmbedded, name);
  // Another liburing or compiler makes other bytes of the same sources.
  if (!isSame("SOURCE_SHA256") || (isSame("ZIG_VERSION") && isSame("LIBURING_SHA256"))) {
    throw new StepError(`ffi/embedded/x86_64.ts is stale. ${CURE}`);
  }
  return "ok, by the hash of the sources, as the compiler or liburing is another";
}

function recorded(module: string, name: string): string {
  const found = new RegExp(`export const ${name} = "(.+)"`).exec(module)?.[1];
  if (found === undefined) throw new StepError(`ffi/embedded/x86_64.ts has no ${name}. ${CURE}`);
  return found;
}
