/**
 * A proxy for development, inside a program: with the options and events of http-proxy, and in the program's own
 * thread, so that handlers are ordinary functions.
 *
 * @module
 */
import process from "node:process";
import type { SocketAddress } from "../net/address.ts";
import type { RequestedInterface } from "../net/socket_interface.ts";
import type { HttpFilter } from "../proxy/http/filters/filter.ts";
import { FilterChain } from "../proxy/http/filters/filter_chain.ts";
import type { LogLevel } from "../server/config.ts";
import type { ServerConfig } from "../server/server_config.ts";
import { devServerConfig } from "./dev_config.ts";
import { devFilter, ruleOf } from "./dev_filter.ts";
import { devProxyError } from "./errors.ts";
import type { DevProxyEvents, DevProxyLogger, DevProxyOptions } from "./options.ts";
import { type Rule, toRule } from "./rule.ts";
import type { ThreadProxy, ThreadProxyOptions } from "./thread_proxy.ts";

/** How a dev proxy moves bytes. */
export interface DevProxySettings {
  /** `"auto"` (io_uring if it works here), `"uring"` or `"default"`. */
  readonly socketInterface?: RequestedInterface;
}

/**
 * Make a proxy for development. It begins with {@linkcode DevProxy.listen}.
 *
 * @param options where requests go, and how; of several, the first one whose `pathFilter` is for a request
 * @throws {RingwayError} `ERR_DEV_PROXY` for an option that can't be used, with what to do instead
 *
 * @example
 * ```ts
 * import { createDevProxy } from "@ringway/proxy";
 *
 * await using proxy = createDevProxy([
 *   { pathFilter: "/api", target: "http://localhost:3000", changeOrigin: true, pathRewrite: { "^/api": "" } },
 *   { target: "http://localhost:5173", ws: true },
 * ]);
 * proxy.on("proxyReq", (proxyReq) => proxyReq.setHeader("x-dev", "yes"));
 * const address = await proxy.listen(0);
 * console.log(address);
 * ```
 */
export function createDevProxy(
  options: DevProxyOptions | readonly DevProxyOptions[],
  settings: DevProxySettings = {},
): DevProxy {
  const list: readonly DevProxyOptions[] = Array.isArray(options) ? options : [options as DevProxyOptions];
  if (list.length === 0) throw devProxyError("A dev proxy needs at least one target");
  return new DevProxy(list.map(toRule), settings);
}

/** A proxy for development, made by {@linkcode createDevProxy}. */
export class DevProxy implements AsyncDisposable {
  readonly #rules: readonly Rule[];
  readonly #settings: DevProxySettings;
  readonly #logger: DevProxyLogger;
  #proxy: Promise<ThreadProxy> | null = null;

  /** @internal */
  constructor(rules: readonly Rule[], settings: DevProxySettings) {
    this.#rules = rules;
    this.#settings = settings;
    this.#logger = rules.find(({ options }) => options.logger !== undefined)?.options.logger ?? WARNINGS;
  }

  /** Call a handler for each of these events, behind those that are there already. */
  on<Name extends keyof DevProxyEvents>(name: Name, handler: DevProxyEvents[Name]): this {
    for (const { handlers } of this.#rules) handlers.add(name, handler);
    return this;
  }

  /** Call a handler no more. */
  off<Name extends keyof DevProxyEvents>(name: Name, handler: DevProxyEvents[Name]): this {
    for (const { handlers } of this.#rules) handlers.remove(name, handler);
    return this;
  }

  /**
   * Listen.
   *
   * @param port 0 to 65535; 0: one that the kernel chooses
   * @param hostname a name or an IP address, `0.0.0.0` or `::` for all of this machine's
   * @returns where it listens
   * @throws {RingwayError} when the address is in use, or the target's name can't be resolved
   */
  async listen(port: number, hostname = "127.0.0.1"): Promise<SocketAddress> {
    if (this.#proxy !== null) throw devProxyError("This dev proxy listens already: make another one");
    if (!Number.isInteger(port) || port < 0 || port > 65535) throw devProxyError(`${port} is no port: 0 to 65535`);
    const config = devServerConfig(this.#rules, { family: "name", host: hostname, port });
    const filters = [devFilter(this.#rules), ...this.#rules.flatMap(ownFilters)];
    this.#proxy = startThreadProxy(config, {
      socketInterface: this.#settings.socketInterface ?? "auto",
      filters: [new FilterChain(filters.map((filter) => ({ filter, matcher: null })))],
      log: (level, message) => this.#log(level, message),
    });
    const { addresses } = await this.#proxy.catch((error: unknown) => {
      this.#proxy = null;
      throw error;
    });
    return addresses[0] as SocketAddress;
  }

  #log(level: LogLevel, message: string): void {
    if (level === "error" || level === "fatal") this.#logger.error(message);
    else if (level === "warning") this.#logger.warn(message);
    else if (level === "info") this.#logger.info(message);
  }

  /** Listen no more, and close all connections. */
  async close(): Promise<void> {
    const proxy = await this.#proxy?.catch(() => null);
    await proxy?.close();
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** It is loaded only when one listens: it would be most of what importing the package loads. */
async function startThreadProxy(config: ServerConfig, options: ThreadProxyOptions): Promise<ThreadProxy> {
  const { ThreadProxy } = await import("./thread_proxy.ts");
  return await ThreadProxy.start(config, options);
}

const WARNINGS: DevProxyLogger = {
  info() {},
  warn: (message) => process.emitWarning(message, "RingwayWarning"),
  error: (message) => process.emitWarning(message, "RingwayWarning"),
};

/** The filters of a rule, for its requests only. */
function ownFilters(rule: Rule): HttpFilter[] {
  return (rule.options.filters ?? []).map((filter) => {
    const guarded: HttpFilter = {
      name: filter.name,
      onStart: (worker) => filter.onStart?.(worker),
      onStop: () => filter.onStop?.(),
      onRequestHead: (exchange) => (ruleOf(exchange) === rule ? filter.onRequestHead?.(exchange) : undefined),
      onRoute: (exchange) => (ruleOf(exchange) === rule ? filter.onRoute?.(exchange) : undefined),
      onResponseHead: (exchange) => (ruleOf(exchange) === rule ? filter.onResponseHead?.(exchange) : undefined),
      onEnd: (exchange) => (ruleOf(exchange) === rule ? filter.onEnd?.(exchange) : undefined),
    };
    return guarded;
  });
}
