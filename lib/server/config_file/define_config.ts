/**
 * For configuration files in TypeScript.
 *
 * @module
 */
import type { ConfigFile } from "./types.ts";

/**
 * Say that an object is a configuration, so that an editor knows its keys. It is checked when it is used.
 *
 * @example
 * ```ts
 * import { defineConfig } from "@ringway/proxy";
 *
 * export default defineConfig({
 *   listeners: [{ listen: "127.0.0.1:8080", cluster: "web" }],
 *   clusters: [{ name: "web", endpoints: ["127.0.0.1:3000"] }],
 * });
 * ```
 */
export function defineConfig(config: ConfigFile): ConfigFile {
  return config;
}
