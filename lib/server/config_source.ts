/**
 * What a program says a proxy is to be: an object, or a file.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { RingwayError } from "../../ffi/errors.ts";
import type { ProxyConfig } from "./config.ts";
import { loadConfigFile } from "./config_file/load.ts";
import type { CheckedFile } from "./config_file/schema.ts";
import type { ConfigFile } from "./config_file/types.ts";
import { type ServerConfig, serverConfig } from "./server_config.ts";
import { checkServerConfig } from "./server_config_check.ts";

/** A configuration that stands in a file. */
export interface ConfigFileSource {
  /**
   * Its path, from the working directory, or its URL: `ringway.yaml`, or
   * `new URL("./ringway.config.ts", import.meta.url)`. YAML, JSON, or a module whose default export it is.
   */
  readonly configFile: string | URL;
}

/** See the module. The first two are what most programs need. */
export type ProxySource = ConfigFile | ConfigFileSource | ProxyConfig | ServerConfig;

/** The name of what has no file, in the problems that are found. */
const OBJECT_NAME = "configuration";

/**
 * Read and check it. Rejects with a RingwayError, `ERR_CONFIG`, that has all problems.
 *
 * `importAnew` reads a module that may have changed since it was imported.
 */
export async function readConfig(
  source: ProxySource,
  importAnew: ((file: string, url: string) => Promise<CheckedFile>) | null = null,
): Promise<CheckedFile> {
  const value: unknown = source;
  if (typeof value !== "object" || value === null || value instanceof URL || Array.isArray(value)) {
    throw configError(
      `${describe(value)} is no configuration: it is an object, or for a file { configFile: PATH_OR_URL }`,
    );
  }
  if ("configFile" in value) return await loadConfigFile(fileOf(value), importAnew);
  // The keys of files are not written like that.
  if (!("ioUring" in value)) return (await import("./config_file/check.ts")).checkObject(OBJECT_NAME, value);
  const wanted = value as ProxyConfig | ServerConfig;
  const config = "clusters" in wanted ? wanted : serverConfig(wanted);
  checkServerConfig(config);
  return { config, logLevel: "trace" };
}

function fileOf({ configFile, ...rest }: { readonly configFile: unknown }): string | URL {
  const [other] = Object.keys(rest);
  if (other !== undefined) throw configError(`"${other}" can't stand beside configFile: the file says everything`);
  if (configFile instanceof URL) return configFile.protocol === "file:" ? fileURLToPath(configFile) : configFile;
  if (typeof configFile !== "string" || configFile === "") {
    throw configError(`configFile is the path or the URL of a file, not ${describe(configFile)}`);
  }
  return configFile.startsWith("file:") ? fileURLToPath(configFile) : configFile;
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof URL) return `the URL ${value.href}`;
  if (Array.isArray(value)) return "a list";
  return value !== null && typeof value === "object" ? "an object" : String(value);
}

function configError(message: string): RingwayError {
  return new RingwayError(message, { code: "ERR_CONFIG", source: "internal", operation: "read a configuration" });
}
