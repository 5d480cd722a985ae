/**
 * Starts a whole proxy: listeners, workers, name resolution, health checks.
 *
 * @module
 */
import { RingwayError } from "../../ffi/errors.ts";
import { LIBRARY_VARIABLE, loadLibrary } from "../../ffi/library.ts";
import { runtime } from "../../ffi/runtime.ts";
import type { SocketAddress } from "../net/address.ts";
import { ringOptions } from "../net/io_uring_options.ts";
import { type SelectedInterface, selectSocketInterface } from "../net/socket_interface.ts";
import type { StatisticName } from "../proxy/statistics.ts";
import { threadCount } from "../threads/thread_count.ts";
import { LOG_LEVELS, type LogLevel } from "./config.ts";
import { type ProxySource, readConfig } from "./config_source.ts";
import type { ClusterEndpoints } from "./endpoint_watch.ts";
import { importAnew } from "./import_anew.ts";
import { type NameServer, systemNameServer } from "./name_server.ts";
import { ResolveError, resolveTarget } from "./resolve.ts";
import { Resolver } from "./resolver.ts";
import { ReloadableProxy } from "./running_proxy.ts";
import type { ServerConfig } from "./server_config.ts";
import { createBalancers } from "./worker_balancers.ts";
import { workerModuleUrl } from "./worker_module.ts";

/**
 * A proxy that accepts connections. Its functions may be called in any order and at the same time; those that end it
 * may be called again, and do it once.
 */
export interface RunningProxy extends AsyncDisposable {
  /** Where it listens, with the ports that the kernel chose; the last ones, when it is closed. */
  readonly addresses: readonly SocketAddress[];
  /** The driver that was chosen, and why. */
  readonly socketInterface: SelectedInterface;
  /** How many workers it has. */
  readonly workers: number;
  /** What is known of the endpoints now, for each cluster. */
  endpoints(): readonly ClusterEndpoints[];
  /** The sum of all workers' numbers, those of earlier configurations included. */
  statistics(): Record<StatisticName, number>;
  /**
   * Have another configuration, without a gap: addresses that it has too stay open all the time. Requests and
   * connections that are under way end with the old one: it accepts no more, answers with `Connection: close`, and
   * what is left of it after the {@linkcode ProxyConfig.drainTimeoutMs} that it has is cut off. Reloads that are
   * asked for at the same time come one after the other.
   *
   * Resolves when no connection goes to the old configuration any more. Rejects with a RingwayError: `ERR_CONFIG` has
   * all that is wrong with the new one; what a start rejects with; `ERR_RELOAD` if this proxy can't have it, as it
   * has another socket interface; `ERR_PROXY_CLOSED` if it is closed or drained. Then nothing has changed.
   */
  reload(source: ProxySource): Promise<void>;
  /**
   * Accept no more, let connections go on for up to {@linkcode ProxyConfig.drainTimeoutMs}, then close them.
   * Resolves when everything is closed, with the number of connections that were cut off.
   */
  drain(): Promise<number>;
  /** Close everything at once. `await using` does the same. */
  close(): Promise<void>;
}

/** What else a proxy may be started with. */
export interface StartOptions {
  /** Where messages go; by default nowhere. Those below the configuration's `log_level` are left out. */
  readonly log?: (level: LogLevel, message: string) => void;
  /**
   * The module that workers begin with; by default the package's own. A program that is bundled or compiled needs one
   * with nothing in it but `import "@ringway/proxy/worker";`.
   */
  readonly workerUrl?: URL;
  /** What is asked for the addresses behind names; by default the machine's hosts file and name servers. */
  readonly nameServer?: NameServer;
}

/**
 * Start a proxy. Resolves when it accepts connections.
 *
 * Rejects with a RingwayError that says what is wrong and what to do: `ERR_CONFIG` has everything that is wrong with
 * the configuration; `ERR_RESOLVE` a name that is not known; `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL` why an address
 * can't be listened on; a code that begins with `ERR_RING` why there is no io_uring where it was asked for;
 * `ERR_ACCESS_LOG`, `ERR_WORKER`, `ERR_PERMISSION`.
 *
 * @example
 * ```ts serves
 * import { formatAddress, startProxy } from "@ringway/proxy";
 *
 * const proxy = await startProxy({
 *   listeners: [{ listen: "127.0.0.1:8080", cluster: "web" }],
 *   clusters: [{ name: "web", endpoints: ["127.0.0.1:3000"] }],
 * });
 * console.log(proxy.addresses.map(formatAddress), proxy.socketInterface.reason);
 * ```
 */
export async function startProxy(source: ProxySource, options: StartOptions = {}): Promise<RunningProxy> {
  const { config, logLevel } = await readConfig(source);
  let leastLevel = LOG_LEVELS.indexOf(logLevel);
  const log = (level: LogLevel, message: string) => {
    if (LOG_LEVELS.indexOf(level) >= leastLevel) options.log?.(level, message);
  };
  const selected = await selectInterface(config);
  const named = runtime.environment(LIBRARY_VARIABLE) ?? "";
  if (named !== "" && selected.driver === "default" && config.socketInterface === "auto") {
    log("warning", `${LIBRARY_VARIABLE} names a library, but io_uring is not used: ${selected.reason}`);
  }
  const url = options.workerUrl ?? workerModuleUrl();
  const context = {
    selected,
    library: selected.driver === "uring" ? await loadLibrary() : null,
    workerUrl: url,
    nameServer: options.nameServer ?? systemNameServer,
    log,
  };
  return await ReloadableProxy.start<ProxySource>(config, context, {
    read: (changed) => readConfig(changed, (file, module) => importAnew(url, file, module)),
    onLogLevel: (level) => {
      leastLevel = LOG_LEVELS.indexOf(level);
    },
  });
}

/** Everything that starting would check, without starting. All names that can't be resolved are in what is thrown. */
export async function checkProxy(config: ServerConfig): Promise<SelectedInterface> {
  const selected = await selectInterface(config);
  await createBalancers(config, { worker: 0, workers: 1 });
  const once = { intervalMs: 0, nameServer: systemNameServer };
  const ignore = { onAddresses() {}, onResolveError() {} };
  const resolved = await Promise.allSettled([
    ...config.clusters.flatMap(({ endpoints }) => endpoints.map((one) => new Resolver([one], once, ignore).start())),
    ...config.listeners.flatMap(({ listen }) => listen.map((target) => resolveTarget(target, systemNameServer))),
  ]);
  const failed = resolved.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
  const [first] = failed;
  if (failed.length === 1 || (first !== undefined && !(first instanceof ResolveError))) throw first;
  if (first === undefined) return selected;
  const messages = new Set(failed.map((error) => (error instanceof Error ? error.message : String(error))));
  const failure = { code: "ERR_RESOLVE", source: "upstream", operation: "resolve", cause: first } as const;
  throw new RingwayError([...messages].join("\n"), failure);
}

function selectInterface(config: ServerConfig): Promise<SelectedInterface> {
  return selectSocketInterface({
    wanted: config.socketInterface,
    ringOptions: ringOptions(config.ioUring, 0),
    rings: threadCount(config.workers),
  });
}
