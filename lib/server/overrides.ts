/**
 * Options of the command line that win over a configuration file.
 *
 * @module
 */
import type { ProxyConfig } from "./config.ts";
import type { ClusterConfig, ListenerConfig, ServerConfig } from "./server_config.ts";

/** The options that were given, by their names in {@linkcode ProxyConfig} and in its parts. */
export type GivenOptions = ReadonlySet<string>;

/** The file's configuration, with the options that were given in the place of what the file says. */
export function override(file: ServerConfig, options: ProxyConfig, given: GivenOptions): ServerConfig {
  if (given.size === 0) return file;
  return {
    ...overridden(file, options, given),
    ioUring: overridden(file.ioUring, options.ioUring, given),
    listeners: file.listeners.map((listener) => overrideListener(listener, options, given)),
    clusters: file.clusters.map((cluster) => overrideCluster(cluster, options, given)),
  };
}

function overrideListener(listener: ListenerConfig, options: ProxyConfig, given: GivenOptions): ListenerConfig {
  // The option of this name is for the sum of all listeners.
  const { maximumConnections } = listener;
  if (listener.protocol === "tcp") return { ...overridden(listener, options, given), maximumConnections };
  const reusePort = given.has("reusePort") ? options.reusePort : listener.reusePort;
  return { ...listener, reusePort, http: overridden(listener.http, options.http, given) };
}

function overrideCluster(cluster: ClusterConfig, options: ProxyConfig, given: GivenOptions): ClusterConfig {
  return {
    ...overridden(cluster, options, given),
    options: overridden(cluster.options, options, given),
    http: overridden(cluster.http, options.http, given),
  };
}

/** A copy of `object` in which the properties that were given are those of `options`. */
function overridden<T extends object>(object: T, options: object, given: GivenOptions): T {
  const copied = Object.entries(options).filter(([name]) => given.has(name) && Object.hasOwn(object, name));
  return { ...object, ...Object.fromEntries(copied) };
}
