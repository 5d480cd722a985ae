/**
 * The runtime that this code runs in, seen through one interface. Nothing outside `ffi/` names a runtime.
 *
 * @module
 */
import { bunRuntime } from "./bun.ts";
import { denoRuntime } from "./deno.ts";
import { unsupportedRuntime } from "./unsupported.ts";

/** A type that crosses the boundary to native code. `usize` is for rare calls only: it is slow. */
export type NativeType = "i32" | "u32" | "f64" | "buffer" | "usize";

/** The functions to look up in a library. */
export type NativeSymbols = Readonly<
  Record<string, { readonly parameters: readonly NativeType[]; readonly result: NativeType }>
>;

/** A native function. Every `buffer` is a typed array, all else a number. */
export type NativeFunction = (...values: (number | Uint8Array | Int32Array)[]) => number;

/** Looks at a descriptor from the runtime's own event loop. */
export interface DescriptorWatch {
  /** Stop watching; `onReadable` is not called any more once it is done. */
  stop(): Promise<void>;
}

/** What ringway needs of a runtime and what the runtimes do differently. */
export interface Runtime {
  /** The runtime's name, as in `bun run` or `deno run`. */
  readonly name: "bun" | "deno";
  /** The runtime's version. */
  readonly version: string;
  /** Is this the first thread of the process? */
  readonly isMainThread: boolean;
  /** Look up functions in a shared library. Throws what the runtime throws. */
  open(path: string, symbols: NativeSymbols): Record<string, NativeFunction>;
  /** View memory that native code owns. The view does not keep the memory alive. */
  map(address: number, bytes: number): ArrayBuffer;
  /** Call `onReadable` from the runtime's loop when an eventfd becomes readable; it must be drained there. */
  watch(descriptor: number, libraryPath: string, onReadable: () => void): DescriptorWatch;
  /** An environment variable; `undefined` also when reading it is not permitted. */
  environment(name: string): string | undefined;
  /** A small text file; `undefined` when it can't be read or reading it is not permitted. */
  readText(path: string): string | undefined;
  /** The kernel's release, such as `6.12.5`; `undefined` when asking is not permitted. */
  kernelRelease(): string | undefined;
  /** Is listening on this IP address permitted? */
  mayListen(host: string, port: number): boolean;
  /** 0 if the process can open another descriptor now, otherwise the errno; 0 also when trying is not permitted. */
  tryDescriptor(): number;
  /** Is this the error with which the runtime refuses for want of a permission? */
  isPermissionError(error: unknown): boolean;
  /** Collect this thread's garbage now, which stops the thread for some milliseconds. */
  collectGarbage(): void;
}

/** The oldest versions that will do: earlier ones lack calls, or crash in them. */
const OLDEST: Readonly<Record<Runtime["name"], readonly [major: number, minor: number]>> = {
  bun: [1, 4],
  deno: [2, 8],
};

/** The runtime of this process. Where it is none that will do, using it throws `ERR_RUNTIME`. */
export const runtime: Runtime = detectRuntime();

/** The runtime that has these globals. */
export function detectRuntime(globals: object = globalThis): Runtime {
  const detected = bunRuntime(globals) ?? denoRuntime(globals);
  const needs = `ringway needs Bun ${OLDEST.bun.join(".")} or newer, or Deno ${OLDEST.deno.join(".")} or newer`;
  if (detected === null) return unsupportedRuntime(`${needs}: this is neither`);
  const { name, version } = detected;
  if (!isOlder(version, OLDEST[name])) return detected;
  return unsupportedRuntime(`${needs}: this is ${name} ${version}, to be renewed by \`${name} upgrade\``);
}

function isOlder(version: string, [oldestMajor, oldestMinor]: readonly [major: number, minor: number]): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
