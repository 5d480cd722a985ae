/**
 * Finds, loads and checks the shim, `libringway.so`.
 *
 * @module
 */
import process from "node:process";
import { ABI_VERSION, type Functions, SYMBOLS } from "./abi.ts";
import { storeInCache, storeInMemory } from "./embedded_library.ts";
import { RingwayError } from "./errors.ts";
import { runtime } from "./runtime.ts";

/** The loaded shim. */
export interface Library {
  /** From where it was loaded; give it to {@linkcode loadLibrary} in other threads. */
  readonly path: string;
  /** Its functions. */
  readonly functions: Functions;
}

/** The environment variable that names a library to load instead of the embedded one. */
export const LIBRARY_VARIABLE = "RINGWAY_LIBRARY";

let loaded: Library | undefined;

/**
 * Load the shim once per thread: from `path`, or from the path in `RINGWAY_LIBRARY`, or the embedded
 * copy through memory, or through a cache folder where memory files can't be executed.
 *
 * All threads of a process have to share one path, as the shim keeps its rings in a table of its own.
 *
 * @throws {RingwayError} `ERR_PLATFORM`, `ERR_LIBRARY_LOAD`, `ERR_LIBRARY_ABI` or `ERR_PERMISSION`
 */
export async function loadLibrary(path?: string): Promise<Library> {
  if (loaded !== undefined && (path === undefined || path === loaded.path)) return loaded;
  const { platform } = process;
  if (platform !== "linux") throw loadError("ERR_PLATFORM", `There is no io_uring on "${platform}", only on Linux`);
  const named = path ?? runtime.environment(LIBRARY_VARIABLE);
  loaded = named === undefined || named === "" ? await openEmbedded() : open(named);
  return loaded;
}

async function openEmbedded(): Promise<Library> {
  const bytes = await embeddedBytes();
  const failures: unknown[] = [];
  for (const store of [storeInMemory, storeInCache]) {
    try {
      return open(await store(bytes));
    } catch (error) {
      if (error instanceof RingwayError && error.code !== "ERR_LIBRARY_LOAD") throw error;
      // Without this permission the other place is of no use.
      if (store === storeInMemory && runtime.isPermissionError(error)) throw permissionError(error);
      failures.push(error);
    }
  }
  const reasons = failures.map((failure) => (failure instanceof Error ? failure.message : String(failure)));
  throw loadError(
    "ERR_LIBRARY_LOAD",
    "Cannot load the embedded library, neither from memory " +
      `(${reasons[0]}) nor from the cache folder (${reasons[1]}). ` +
      `Write it to a folder that allows execution and name it in ${LIBRARY_VARIABLE}`,
    new AggregateError(failures),
  );
}

async function embeddedBytes(): Promise<Uint8Array> {
  return Uint8Array.fromBase64(await embeddedLibrary());
}

/** Each in a module of its own, so that only the one for this processor is loaded. */
async function embeddedLibrary(): Promise<string> {
  const { arch } = process;
  switch (arch) {
    case "x64":
      return (await import("./embedded/x86_64.ts")).LIBRARY_BASE64;
    case "arm64":
      return (await import("./embedded/aarch64.ts")).LIBRARY_BASE64;
    default:
      throw loadError(
        "ERR_PLATFORM",
        `There is no library for "${arch}", only for "x64" and "arm64": the socket interface "default" does without`,
      );
  }
}

function open(path: string): Library {
  let functions: Functions;
  try {
    checkVersion(path);
    functions = runtime.open(path, SYMBOLS) as unknown as Functions;
  } catch (error) {
    if (error instanceof RingwayError) throw error;
    if (runtime.isPermissionError(error)) throw permissionError(error);
    const reason = error instanceof Error ? error.message : String(error);
    throw loadError("ERR_LIBRARY_LOAD", `Cannot load the library "${path}": ${reason}`, error);
  }
  return { path, functions };
}

/** Before all other symbols are looked up: another version may lack some of them. */
function checkVersion(path: string): void {
  const { ringway_abi_version: version } = runtime.open(path, { ringway_abi_version: SYMBOLS.ringway_abi_version });
  const found = version?.();
  if (found === ABI_VERSION) return;
  throw loadError(
    "ERR_LIBRARY_ABI",
    `The library "${path}" has ABI version ${found}, and this version of ringway needs ${ABI_VERSION}: ` +
      `unset ${LIBRARY_VARIABLE} to use the embedded library, or build a matching one with \`zig build\``,
  );
}

function permissionError(cause: unknown): RingwayError {
  return loadError(
    "ERR_PERMISSION",
    "Loading the library needs a permission: run with --allow-ffi (without a path, as memory is mapped too)",
    cause,
  );
}

function loadError(code: string, message: string, cause?: unknown): RingwayError {
  return new RingwayError(message, { code, source: "internal", operation: "load the library", cause });
}
