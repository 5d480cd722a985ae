/**
 * One set of options of a dev proxy, checked, so that nothing about it can be wrong later.
 *
 * @module
 */
import { isOwnField } from "../proxy/http/own_fields.ts";
import { suggestion } from "../server/config_file/suggestion.ts";
import { devProxyError } from "./errors.ts";
import { EventHandlers } from "./event_handlers.ts";
import { checkForwarded } from "./messages.ts";
import type { DevProxyOptions } from "./options.ts";
import { type PathFilter, pathFilterOf } from "./path_filter.ts";
import { type PathRewrite, pathRewriteOf } from "./path_rewrite.ts";
import { type ParsedTarget, parseDevTarget } from "./target.ts";

/** See the module. */
export interface Rule {
  readonly options: DevProxyOptions;
  readonly target: ParsedTarget;
  readonly forward: ParsedTarget | null;
  readonly isFor: PathFilter;
  readonly rewritePath: PathRewrite;
  readonly handlers: EventHandlers;
}

/** Every option there is. */
const NAMES: Readonly<Record<keyof DevProxyOptions, true>> = {
  target: true,
  forward: true,
  pathFilter: true,
  pathRewrite: true,
  changeOrigin: true,
  ws: true,
  xfwd: true,
  prependPath: true,
  ignorePath: true,
  headers: true,
  auth: true,
  hostRewrite: true,
  autoRewrite: true,
  protocolRewrite: true,
  cookieDomainRewrite: true,
  cookiePathRewrite: true,
  proxyTimeout: true,
  timeout: true,
  secure: true,
  preserveHeaderKeyCase: true,
  on: true,
  logger: true,
  filters: true,
};

/** The names of all options. */
export const OPTION_NAMES: readonly string[] = Object.keys(NAMES);

/** Options of other proxies for developers, and what to do instead. */
export const OTHER_OPTIONS: Readonly<Record<string, string>> = {
  agent: "connections to the target are kept without it",
  ssl: "TLS is not spoken yet; put something that ends TLS in front",
  http2: "HTTP/2 is not spoken yet",
  toProxy: "targets are servers, not proxies",
  localAddress: "the kernel chooses the address that requests come from",
  followRedirects: "redirects are passed on; autoRewrite keeps those to the target itself with this proxy",
  selfHandleResponse: "answer with res.end in proxyRes, or change the body with a filter (the option filters)",
  buffer: "a filter can replace the body of a request (the option filters)",
  router: "give several sets of options in a list, each with its pathFilter, which may be a function",
  plugins: "events have handlers (the option on, or the function on), and bodies have filters (the option filters)",
  ejectPlugins: "there are no plugins",
  logLevel: "messages go to the logger",
  logProvider: "it is the option logger",
  context: "it is the option pathFilter",
  rewrite: "it is the option pathRewrite, which may be a function",
  bypass: "it is the option pathFilter, which may be a function; res.end in proxyReq answers in the target's place",
  configure: "events have handlers: the option on, or the function on",
  rewriteWsOrigin: "set the field in proxyReqWs",
};

/** Check a set of options. Throws a RingwayError that says what to do. */
export function toRule(options: DevProxyOptions): Rule {
  for (const [name, value] of Object.entries(options)) if (value !== undefined) checkName(name);
  const { target, forward, headers = {}, xfwd = false, proxyTimeout = 0, timeout = 0 } = options;
  checkMilliseconds("proxyTimeout", proxyTimeout);
  checkMilliseconds("timeout", timeout);
  for (const name of Object.keys(headers)) {
    checkForwarded(name, xfwd);
    const lowerCase = name.toLowerCase();
    if (lowerCase === "host" || !isOwnField(lowerCase)) continue;
    throw devProxyError(`The option "headers" can't set "${name}", which the proxy answers for: leave it out`);
  }
  return {
    options,
    target: parseDevTarget("target", target),
    forward: forward === undefined ? null : parseDevTarget("forward", forward),
    isFor: pathFilterOf(options.pathFilter),
    rewritePath: pathRewriteOf(options.pathRewrite),
    handlers: new EventHandlers(options.on ?? {}),
  };
}

function checkName(name: string): void {
  if (Object.hasOwn(NAMES, name)) return;
  const meant = suggestion(name, OPTION_NAMES);
  const why = OTHER_OPTIONS[name] ?? (meant === null ? "the options are in docs/dev-proxy.md" : `is "${meant}" meant?`);
  throw devProxyError(`There is no option "${name}": ${why}`);
}

function checkMilliseconds(name: string, value: number): void {
  if (Number.isFinite(value) && value >= 0 && value < 2 ** 31) return;
  throw devProxyError(`The option "${name}" is ${value}, not a number of milliseconds from 0`);
}
