/**
 * The filter that does with requests and responses what the options of a dev proxy say, and tells its events.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { FilterReply, FilterRequest, HttpExchange, HttpFilter } from "../proxy/http/filters/filter.ts";
import { targetError } from "./errors.ts";
import { clientRequest, Reply, TargetRequest, TargetResponse } from "./messages.ts";
import type { DevProxyRequest } from "./options.ts";
import { joinPaths } from "./path_rewrite.ts";
import { rewriteCookie, rewriteLocation } from "./response_rewrite.ts";
import type { Rule } from "./rule.ts";

/** The field that takes a request to the route of its rule, and does not get any further. */
export const RULE_FIELD = "x-ringway-dev-proxy-rule";

const REDIRECTS: readonly number[] = [201, 301, 302, 303, 307, 308];
const SWITCHING_PROTOCOLS = 101;

/** What is known of a request on its way. */
interface Visit {
  readonly rule: Rule;
  readonly req: DevProxyRequest;
  readonly res: Reply;
  readonly isUpgrade: boolean;
  proxyRes: TargetResponse | null;
  isErrorTold: boolean;
}

/** The key of a visit in an exchange's state. */
const VISIT = "dev-proxy.visit";

function visitOf(exchange: HttpExchange): Visit | undefined {
  return exchange.state.get(VISIT) as Visit | undefined;
}

/** The rule of a request, once it is known; for the filters that a rule has. */
export function ruleOf(exchange: HttpExchange): Rule | undefined {
  return visitOf(exchange)?.rule;
}

/** The filter of these rules, of which the first one that is for a request is taken. */
export function devFilter(rules: readonly Rule[]): HttpFilter {
  return {
    name: "dev-proxy",
    onRequestHead: (exchange) => sendRequest(rules, exchange),
    onResponseHead: async (exchange) => {
      const visit = visitOf(exchange);
      if (visit === undefined) return undefined;
      await (exchange.response?.isLocal === true ? tellError(visit, exchange) : receiveResponse(visit, exchange));
      return visit.res.isEnded ? visit.res.toFilterReply(exchange) : undefined;
    },
    onEnd: async (exchange) => {
      const visit = visitOf(exchange);
      if (visit === undefined) return;
      const { rule, req, res, proxyRes } = visit;
      if (visit.isUpgrade && exchange.status === SWITCHING_PROTOCOLS) await rule.handlers.emit("close", req);
      else if (exchange.flag !== "-") await tellError(visit, exchange);
      else if (proxyRes !== null) await rule.handlers.emit("end", req, res, proxyRes);
    },
  };
}

async function sendRequest(rules: readonly Rule[], exchange: HttpExchange): Promise<FilterReply | undefined> {
  const { request } = exchange;
  request.fields.delete(RULE_FIELD);
  const req = clientRequest(exchange);
  const index = rules.findIndex(({ isFor }) => isFor(request.path, req));
  const rule = rules[index];
  if (rule === undefined) return exchange.reply(404, "No target is for this path\n");
  const isUpgrade = request.fields.has("upgrade");
  if (isUpgrade && rule.options.ws !== true) return exchange.reply(400, "No WebSockets here: the option ws is off\n");
  const res = new Reply();
  exchange.state.set(VISIT, { rule, req, res, isUpgrade, proxyRes: null, isErrorTold: false } satisfies Visit);
  const { handlers, options, target } = rule;
  await handlers.emit("start", req, res, target.text);
  await changeRequest(rule, request, req);
  request.fields.set(RULE_FIELD, String(index));
  const proxyReq = new TargetRequest(request, options.xfwd === true);
  await handlers.emit(isUpgrade ? "proxyReqWs" : "proxyReq", proxyReq, req, res, options);
  return res.isEnded ? res.toFilterReply(exchange) : undefined;
}

/** What the options say about requests. */
async function changeRequest({ options, target, rewritePath }: Rule, request: FilterRequest, req: DevProxyRequest) {
  const path = options.ignorePath === true ? "" : ((await rewritePath(req.url, req)) ?? req.url);
  const changed = joinPaths(options.prependPath === false ? "" : target.path, path);
  if (changed !== request.target) request.target = changed;
  const { fields } = request;
  if (options.xfwd === true && request.host !== "") {
    fields.set("x-forwarded-host", request.host);
    fields.set("x-forwarded-port", /:(\d+)$/.exec(request.host)?.[1] ?? "80");
  }
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (name.toLowerCase() === "host") {
      request.host = String(value);
      continue;
    }
    fields.delete(name);
    for (const one of typeof value === "string" ? [value] : value) fields.append(name, one);
  }
  if (options.changeOrigin === true) request.host = target.host;
  if (options.auth !== undefined && !fields.has("authorization")) {
    fields.set("authorization", `Basic ${Buffer.from(options.auth).toString("base64")}`);
  }
}

/** The target has answered. */
async function receiveResponse(visit: Visit, { response }: HttpExchange): Promise<void> {
  if (response === null) return;
  const { rule, req, res } = visit;
  const { options, target, handlers } = rule;
  const { fields, status } = response;
  const location = fields.get("location");
  if (location !== null && REDIRECTS.includes(status)) {
    const changed = rewriteLocation(location, target.host, req.headers["host"] ?? "", options);
    if (changed !== location) fields.set("location", changed);
  }
  const { cookieDomainRewrite = false, cookiePathRewrite = false } = options;
  if ((cookieDomainRewrite !== false || cookiePathRewrite !== false) && fields.has("set-cookie")) {
    const cookies = fields.getAll("set-cookie");
    fields.delete("set-cookie");
    for (const cookie of cookies) {
      const ofDomain = rewriteCookie(cookie, "domain", cookieDomainRewrite);
      fields.append("set-cookie", rewriteCookie(ofDomain, "path", cookiePathRewrite));
    }
  }
  visit.proxyRes = new TargetResponse(status, fields);
  await handlers.emit("proxyRes", visit.proxyRes, req, res);
  if (res.isEnded) return;
  visit.proxyRes.applyTo(fields);
  res.applyTo(fields);
  res.hasBegun = true;
}

/** The target has not answered, or not to the end. */
async function tellError(visit: Visit, { flag }: HttpExchange): Promise<void> {
  const { rule, req, res } = visit;
  const error = targetError(flag, rule.target.text);
  if (error === null || visit.isErrorTold) return;
  visit.isErrorTold = true;
  await rule.handlers.emit("error", error, req, res, rule.target.text);
}
