/**
 * Where nginx has its stream proxy: Debian packages that apart from nginx itself.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { SYSTEM_PATH } from "../../test/runner/packages.ts";

/** The path of the stream module, `""` if it is built in, `null` if there is none. */
export function findStreamModule(): string | null {
  const { stderr } = spawnSync("nginx", ["-V"], { encoding: "utf8", env: { PATH: SYSTEM_PATH } });
  if (typeof stderr !== "string") return null;
  return parseStreamModule(stderr, existsSync);
}

/** The same from what `nginx -V` prints. */
export function parseStreamModule(text: string, exists: (path: string) => boolean): string | null {
  if (/--with-stream(?!\S)/.test(text)) return "";
  const [, folder] = /--modules-path=(\S+)/.exec(text) ?? [];
  const path = `${folder}/ngx_stream_module.so`;
  return folder !== undefined && exists(path) ? path : null;
}
