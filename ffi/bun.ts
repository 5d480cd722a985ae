/**
 * Bun's side of the {@linkcode Runtime} interface.
 *
 * @module
 */
import { release } from "node:os";
import process from "node:process";
import { readText } from "./read_text.ts";
import type { DescriptorWatch, NativeFunction, NativeSymbols, Runtime } from "./runtime.ts";
import { tryDescriptor } from "./try_descriptor.ts";

interface BunGlobal {
  readonly version: string;
  readonly isMainThread: boolean;
  readonly env: Record<string, string | undefined>;
  file(descriptor: number): { stream(): ReadableStream<Uint8Array> };
  gc(force: boolean): void;
}

interface BunForeignFunctions {
  dlopen(
    path: string,
    symbols: Record<string, { args: readonly string[]; returns: string }>,
  ): { symbols: Record<string, NativeFunction> };
  toArrayBuffer(address: number, offset: number, bytes: number): ArrayBuffer;
}

/** Bun as a {@linkcode Runtime}, or `null` if these are the globals of another runtime. */
export function bunRuntime(globals: object): Runtime | null {
  const bun = (globals as { Bun?: BunGlobal }).Bun;
  if (bun === undefined) return null;
  return {
    name: "bun",
    version: bun.version,
    isMainThread: bun.isMainThread,
    open,
    map: (address, bytes) => foreignFunctions().toArrayBuffer(address, 0, bytes),
    watch: (descriptor, _libraryPath, onReadable) => watch(bun, descriptor, onReadable),
    environment: (name) => bun.env[name],
    readText,
    kernelRelease: release,
    mayListen: () => true,
    tryDescriptor,
    isPermissionError: () => false,
    collectGarbage: () => bun.gc(true),
  };
}

/** A static import of "bun:ffi" would fail in Deno; this is synchronous and survives `bun build --compile`. */
function foreignFunctions(): BunForeignFunctions {
  return process.getBuiltinModule("bun:ffi") as unknown as BunForeignFunctions;
}

function open(path: string, symbols: NativeSymbols): Record<string, NativeFunction> {
  const definitions: Record<string, { args: readonly string[]; returns: string }> = {};
  for (const [name, symbol] of Object.entries(symbols)) {
    definitions[name] = { args: symbol.parameters, returns: symbol.result };
  }
  const functions = { ...foreignFunctions().dlopen(path, definitions).symbols };
  for (const [name, symbol] of Object.entries(symbols)) {
    const native = functions[name];
    // A 64-bit result is a BigInt.
    if (symbol.result === "usize" && native !== undefined) functions[name] = (...values) => Number(native(...values));
  }
  return functions;
}

/** An eventfd is readable as a stream in Bun's own epoll, without another thread. */
function watch(bun: BunGlobal, descriptor: number, onReadable: () => void): DescriptorWatch {
  const reader = bun.file(descriptor).stream().getReader();
  let stopped = false;
  const finished = (async () => {
    while (!stopped) {
      const { done } = await reader.read();
      if (done || stopped) break;
      onReadable();
    }
  })();
  return {
    async stop() {
      stopped = true;
      await reader.cancel();
      await finished;
    },
  };
}
