/**
 * Requests and routes for tests.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Head } from "../../../http/head.ts";
import { defaultHttpLimits } from "../../../http/limits.ts";
import { parseRequestHead } from "../../../http/parse_head.ts";
import { latin1 } from "../../../http/test_messages.ts";
import { anyRequest, plainRoute } from "./plain_route.ts";
import type { RouteMatch, RouteOptions, VirtualHostOptions } from "./route_options.ts";

/** A request's head as the parser leaves it. */
export interface ParsedRequest {
  readonly head: Head;
  readonly memory: Uint8Array;
  readonly base: number;
}

/** What a request says. */
export interface RequestText {
  readonly method?: string;
  readonly target?: string;
  /** Empty: no Host field, as in HTTP/1.0. */
  readonly host?: string;
  readonly fields?: readonly string[];
}

/** Parse a request that begins somewhere in memory, with other bytes around it. */
export function parsed({ method = "GET", target = "/", host = "a", fields = [] }: RequestText): ParsedRequest {
  const base = 9;
  const lines = [`${method} ${target} HTTP/1.${host === "" ? 0 : 1}`, ...(host === "" ? [] : [`Host: ${host}`])];
  const text = `${[...lines, ...fields].join("\r\n")}\r\n\r\n`;
  const memory = latin1(`/../%2e/.${text}GET /../ HTTP/1.1\r\n`);
  const head = new Head(defaultHttpLimits);
  const length = parseRequestHead(head, memory, base, memory.length);
  assert.equal(length, text.length, `${head.fault?.code}: ${JSON.stringify(text)}`);
  return { head, memory, base };
}

/** Options of a route, with what matters for a test. */
export function routeOptions(
  match: Partial<RouteMatch> = {},
  options: Partial<Omit<RouteOptions, "match">> = {},
): RouteOptions {
  return { ...plainRoute("web"), match: { ...anyRequest, ...match }, ...options };
}

/** A virtual host whose routes are named by their numbers. */
export function virtualHost(domains: readonly string[], matches: readonly Partial<RouteMatch>[]): VirtualHostOptions {
  const routes = matches.map((match, index) => routeOptions(match, { name: String(index) }));
  return { name: domains.join(" "), domains, routes };
}
