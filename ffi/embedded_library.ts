/**
 * Two places from which the embedded library can be loaded.
 *
 * @module
 */
import { runtime } from "./runtime.ts";

const MFD_CLOEXEC = 1;
/** The C library under glibc and under musl. */
const C_LIBRARIES = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

/**
 * Write the library to an anonymous file in memory (memfd_create(2)), which needs no permission for
 * any folder, and return its path. The descriptor stays open for as long as the process lives, so
 * that other threads can load the same file.
 */
export async function storeInMemory(bytes: Uint8Array): Promise<string> {
  const libc = openCLibrary();
  const name = new TextEncoder().encode("ringway\0");
  const descriptor = libc["memfd_create"]?.(name, MFD_CLOEXEC) ?? -1;
  if (descriptor < 0) throw new Error("memfd_create failed");
  let written = 0;
  while (written < bytes.length) {
    const count = libc["write"]?.(descriptor, bytes.subarray(written), bytes.length - written) ?? -1;
    if (count <= 0 || count > bytes.length) throw new Error("writing to memory failed");
    written += count;
  }
  return `/proc/self/fd/${descriptor}`;
}

function openCLibrary(): Record<string, (...values: (number | Uint8Array)[]) => number> {
  let failure: unknown;
  for (const path of C_LIBRARIES) {
    try {
      return runtime.open(path, {
        memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
        write: { parameters: ["i32", "buffer", "usize"], result: "usize" },
      });
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

/**
 * Write the library to `$XDG_CACHE_HOME/ringway` (or `~/.cache/ringway`), unless it is there already,
 * and return its path. Needs the permissions to read and write there.
 */
export async function storeInCache(bytes: Uint8Array): Promise<string> {
  const { mkdir, readFile, rename, writeFile } = await import("node:fs/promises");
  const { homedir } = await import("node:os");
  const { join } = await import("node:path");
  const cache = runtime.environment("XDG_CACHE_HOME") || join(homedir(), ".cache");
  const folder = join(cache, "ringway");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes)));
  const path = join(folder, `${digest.subarray(0, 16).toHex()}.so`);
  const present = await readFile(path).catch(() => null);
  if (present !== null && present.length === bytes.length && present.every((byte, index) => byte === bytes[index])) {
    return path;
  }
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${crypto.randomUUID()}`;
  await writeFile(temporary, bytes, { mode: 0o700 });
  await rename(temporary, path);
  return path;
}
