/**
 * Deno's side of the {@linkcode Runtime} interface.
 *
 * @module
 */
import { release } from "node:os";
import process from "node:process";
import { SYMBOLS } from "./abi.ts";
import { readText } from "./read_text.ts";
import type { DescriptorWatch, NativeFunction, NativeSymbols, Runtime } from "./runtime.ts";
import { DEVICE, tryDescriptor } from "./try_descriptor.ts";

interface DenoSymbol {
  readonly parameters: readonly string[];
  readonly result: string;
  readonly nonblocking?: boolean;
}

type DenoFunction = (...values: (number | bigint | Uint8Array | Int32Array)[]) => unknown;

type PermissionDescriptor =
  | { name: "env"; variable: string }
  | { name: "read"; path: string }
  | { name: "sys"; kind: "osRelease" }
  | { name: "net"; host: string };

interface DenoGlobal {
  readonly version: { readonly deno: string };
  readonly env: { get(name: string): string | undefined };
  readonly permissions: { querySync(descriptor: PermissionDescriptor): { state: string } };
  readonly errors: { readonly NotCapable: new () => Error; readonly PermissionDenied: new () => Error };
  dlopen(path: string, symbols: Record<string, DenoSymbol>): { symbols: Record<string, DenoFunction>; close(): void };
  readonly UnsafePointer: { create(address: bigint): object | null };
  readonly UnsafePointerView: { getArrayBuffer(pointer: object, bytes: number): ArrayBuffer };
}

/** How long one blocking call of a watch lasts: it bounds how long the process may outlive its work. */
const WATCH_SLICE_MS = 100;

/** Deno as a {@linkcode Runtime}, or `null` if these are the globals of another runtime. */
export function denoRuntime(globals: object): Runtime | null {
  const { Deno: deno, WorkerGlobalScope: workerScope } = globals as { Deno?: DenoGlobal; WorkerGlobalScope?: unknown };
  if (deno === undefined) return null;
  return {
    name: "deno",
    version: deno.version.deno,
    // node:worker_threads and import.meta.main both call a web worker the main thread in Deno 2.
    isMainThread: workerScope === undefined,
    open: (path, symbols) => open(deno, path, symbols),
    map: (address, bytes) => {
      const pointer = deno.UnsafePointer.create(BigInt(address));
      if (pointer === null) throw new TypeError("Cannot map memory: the address is null");
      return deno.UnsafePointerView.getArrayBuffer(pointer, bytes);
    },
    watch: (descriptor, libraryPath, onReadable) => watch(deno, descriptor, libraryPath, onReadable),
    // Asking without the permission would stop at a prompt in a terminal.
    environment: (name) => (granted(deno, { name: "env", variable: name }) ? deno.env.get(name) : undefined),
    readText: (path) => (granted(deno, { name: "read", path }) ? readText(path) : undefined),
    kernelRelease: () => (granted(deno, { name: "sys", kind: "osRelease" }) ? release() : undefined),
    mayListen: (host, port) =>
      granted(deno, { name: "net", host: host.includes(":") ? `[${host}]:${port}` : `${host}:${port}` }),
    tryDescriptor: () => (granted(deno, { name: "read", path: DEVICE }) ? tryDescriptor() : 0),
    isPermissionError: (error) =>
      error instanceof deno.errors.NotCapable || error instanceof deno.errors.PermissionDenied,
    collectGarbage,
  };
}

let collector: (() => void) | undefined;

/** V8 shows its collector only to contexts that are made after it was told to. */
function collectGarbage(): void {
  if (collector === undefined) {
    process.getBuiltinModule("node:v8").setFlagsFromString("--expose-gc");
    collector = process.getBuiltinModule("node:vm").runInNewContext("gc") as () => void;
  }
  collector();
}

function granted(deno: DenoGlobal, descriptor: PermissionDescriptor): boolean {
  return deno.permissions.querySync(descriptor).state === "granted";
}

function open(deno: DenoGlobal, path: string, symbols: NativeSymbols): Record<string, NativeFunction> {
  const opened = deno.dlopen(path, { ...symbols }).symbols;
  const functions: Record<string, NativeFunction> = {};
  for (const [name, symbol] of Object.entries(symbols)) {
    const native = opened[name] as DenoFunction;
    // A plain number given to a usize leaves V8's fast calls, and the result is a BigInt.
    functions[name] =
      symbol.parameters.includes("usize") || symbol.result === "usize"
        ? (...values) =>
            Number(native(...values.map((v, i) => (symbol.parameters[i] === "usize" ? BigInt(v as number) : v))))
        : (native as NativeFunction);
  }
  return functions;
}

/** Deno can't put an eventfd into its loop, so one of its helper threads waits for it. */
function watch(deno: DenoGlobal, descriptor: number, libraryPath: string, onReadable: () => void): DescriptorWatch {
  const library = deno.dlopen(libraryPath, {
    ringway_wait_readable: { ...SYMBOLS.ringway_wait_readable, nonblocking: true },
  });
  const waitReadable = library.symbols["ringway_wait_readable"] as (fd: number, timeoutMs: number) => Promise<number>;
  let stopped = false;
  const finished = (async () => {
    while (!stopped) {
      const ready = await waitReadable(descriptor, WATCH_SLICE_MS);
      if (ready > 0 && !stopped) onReadable();
    }
    library.close();
  })();
  return {
    async stop() {
      stopped = true;
      await finished;
    },
  };
}
