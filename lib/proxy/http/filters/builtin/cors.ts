/**
 * Cross-origin requests of browsers: https://fetch.spec.whatwg.org/#http-cors-protocol.
 *
 * @module
 */

import { isToken } from "../../../../http/characters.ts";
import type { FilterReply, HttpExchange, HttpFilter } from "../filter.ts";
import { CorsOrigins, checkOrigin } from "./cors_origins.ts";
import { addVary, listItems } from "./field_text.ts";
import type { CorsOptions } from "./options.ts";
import { checkInteger, optionsError } from "./options_error.ts";

/** What the filter answers for, and the endpoint does not. */
const RESPONSE_FIELDS = [
  "access-control-allow-credentials",
  "access-control-allow-headers",
  "access-control-allow-methods",
  "access-control-allow-origin",
  "access-control-expose-headers",
  "access-control-max-age",
];

/** What browsers send without a preflight, and allow whatever its answer says. */
const SAFELISTED_METHODS = ["GET", "HEAD", "POST"];

const ORIGIN = "cors.origin";
const PREFLIGHT = "cors.preflight";

/** Answers preflights, and adds to responses what lets scripts read them. Throws ERR_FILTER_OPTIONS. */
export function cors(options: CorsOptions): HttpFilter {
  return new CorsFilter(options);
}

class CorsFilter implements HttpFilter {
  readonly name: string = "cors";
  readonly #origins: CorsOrigins;
  readonly #methods: ReadonlySet<string>;
  readonly #headers: ReadonlySet<string>;
  readonly #allowsCredentials: boolean;
  readonly #exposed: string;
  readonly #preflightFields: Readonly<Record<string, string>>;

  constructor(options: CorsOptions) {
    checkOptions(options);
    this.#origins = new CorsOrigins(options.allowOrigins);
    this.#methods = new Set([...SAFELISTED_METHODS, ...options.allowMethods]);
    this.#headers = new Set(options.allowHeaders.map((name) => name.toLowerCase()));
    this.#allowsCredentials = options.allowCredentials;
    this.#exposed = options.exposeHeaders.join(", ");
    this.#preflightFields = {
      ...(options.allowMethods.length > 0 && { "Access-Control-Allow-Methods": options.allowMethods.join(", ") }),
      ...(options.allowHeaders.length > 0 && { "Access-Control-Allow-Headers": options.allowHeaders.join(", ") }),
      "Access-Control-Max-Age": String(options.maxAgeS),
    };
  }

  onRequestHead(exchange: HttpExchange): FilterReply | undefined {
    const { request, state } = exchange;
    const origin = request.fields.get("origin");
    if (origin === null) return undefined;
    // A later filter may hide it from the endpoint.
    state.set(ORIGIN, origin);
    if (request.method !== "OPTIONS") return undefined;
    const method = request.fields.get("access-control-request-method");
    if (method === null) return undefined;
    state.set(PREFLIGHT, true);
    return this.#answerPreflight(exchange, origin, method);
  }

  onResponseHead(exchange: HttpExchange): undefined {
    const { response, request, state } = exchange;
    if (response === null || state.has(PREFLIGHT)) return;
    const origin = (state.get(ORIGIN) as string | undefined) ?? request.fields.get("origin");
    const { fields } = response;
    for (const name of RESPONSE_FIELDS) fields.delete(name);
    for (const [name, value] of Object.entries(this.#originFields(origin))) fields.set(name, value);
    // Also where there is no origin: a cache could give that response to a request that has one.
    if (!this.#origins.isAny) addVary(fields, "Origin");
    if (this.#exposed !== "" && fields.has("access-control-allow-origin")) {
      fields.set("Access-Control-Expose-Headers", this.#exposed);
    }
  }

  #answerPreflight(exchange: HttpExchange, origin: string, method: string): FilterReply {
    const vary: Record<string, string> = this.#origins.isAny ? {} : { Vary: "Origin" };
    const requested = listItems(exchange.request.fields.get("access-control-request-headers") ?? "");
    const isAllowed =
      this.#origins.has(origin) && this.#allowsMethod(method) && requested.every((name) => this.#allowsHeader(name));
    if (!isAllowed) return exchange.reply(204, undefined, vary);
    return exchange.reply(204, undefined, { ...this.#originFields(origin), ...this.#preflightFields, ...vary });
  }

  #originFields(origin: string | null): Readonly<Record<string, string>> {
    if (this.#origins.isAny) return { "Access-Control-Allow-Origin": "*" };
    if (origin === null || !this.#origins.has(origin)) return {};
    if (!this.#allowsCredentials) return { "Access-Control-Allow-Origin": origin };
    return { "Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true" };
  }

  #allowsMethod(method: string): boolean {
    return this.#methods.has(method) || this.#methods.has("*");
  }

  #allowsHeader(name: string): boolean {
    const lowerCase = name.toLowerCase();
    return this.#headers.has(lowerCase) || (this.#headers.has("*") && lowerCase !== "authorization");
  }
}

function checkOptions(options: CorsOptions): void {
  const { allowOrigins, allowMethods, allowHeaders, exposeHeaders, allowCredentials, maxAgeS } = options;
  if (allowOrigins.length === 0) throw optionsError("cors", "allow_origins is empty: name the origins, or *");
  for (const entry of allowOrigins) {
    const problem = checkOrigin(entry);
    if (problem !== null) throw optionsError("cors", problem);
  }
  const lists = { allow_methods: allowMethods, allow_headers: allowHeaders, expose_headers: exposeHeaders };
  for (const [list, entries] of Object.entries(lists)) {
    const bad = entries.find((entry) => !isToken(entry));
    if (bad !== undefined) throw optionsError("cors", `${list} has "${bad}", which is not a name`);
  }
  for (const [list, entries] of Object.entries({ allow_origins: allowOrigins, ...lists })) {
    if (!allowCredentials || !entries.includes("*")) continue;
    throw optionsError("cors", `${list} has *, which browsers refuse with allow_credentials: name each of them`);
  }
  checkInteger("cors", "max_age_s", maxAgeS, 0, 2_147_483_647);
}
