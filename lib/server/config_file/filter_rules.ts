/**
 * What the keys of a filter say about each other.
 *
 * @module
 */
import { RingwayError } from "../../../ffi/errors.ts";
import { createFilter } from "../../proxy/http/filters/builtin/create.ts";
import type { FilterConfig } from "../server_config.ts";
import { filterSection } from "./filter_schema.ts";
import type { Problem } from "./problem.ts";
import { checkMatch } from "./route_rules.ts";
import type { Section } from "./section.ts";

/** All problems of a filter. */
export function checkFilter(filter: Section): Problem[] {
  const match = filter.section("match");
  const type = filter.text("type") ?? "";
  const check = Object.hasOwn(CHECKS, type) ? CHECKS[type] : undefined;
  const problems = [...(match === null ? [] : checkMatch(match)), ...(check?.(filter) ?? [])];
  return problems.length > 0 ? problems : checkByItself(filter);
}

/** What the filter has to say about its options, if nobody else had: nothing is said twice. */
function checkByItself(filter: Section): Problem[] {
  const checked = filterSection.safeParse(filter.value);
  const message = checked.success ? messageOf(checked.data) : null;
  if (message === null) return [];
  const [, key = "", rest = ""] = /^([a-z_]+):? (.*)/s.exec(message) ?? [];
  return [filter.has(key) ? filter.valueProblem(key, rest) : filter.problem(message)];
}

function messageOf({ filter }: FilterConfig): string | null {
  try {
    if (filter.type !== "custom") createFilter(filter);
    return null;
  } catch (error) {
    if (!(error instanceof RingwayError)) throw error;
    return error.message.replace(/^The filter [a-z-]+: /, "");
  }
}

const CHECKS: Readonly<Record<string, (filter: Section) => Problem[]>> = {
  cors: checkCors,
  basic_auth: checkBasicAuth,
  ip_filter: checkIpFilter,
  rate_limit: checkRateLimit,
  jwt: checkJwt,
  fault: checkFault,
};

/** Browsers take a `*` for a name where credentials are allowed (https://fetch.spec.whatwg.org/#http-cors-protocol). */
function checkCors(filter: Section): Problem[] {
  if (filter.get("allow_credentials") !== true) return [];
  const keys = ["allow_origins", "allow_methods", "allow_headers", "expose_headers"];
  return keys.flatMap((key) =>
    filter.texts(key).flatMap(({ text, path }) => {
      return text === "*" ? [{ path, message: '"*" does not go with allow_credentials: name each of them' }] : [];
    }),
  );
}

function checkBasicAuth(filter: Section): Problem[] {
  const users = filter.section("users");
  return users === null || users.keys.length > 0 ? [] : [users.problem("nobody is let in: it needs at least one name")];
}

function checkIpFilter(filter: Section): Problem[] {
  const isSome = ["allow", "deny"].some((key) => filter.has(key) && filter.get(key) !== null);
  return isSome ? [] : [filter.problem("keeps nobody out: it needs allow or deny")];
}

function checkRateLimit(filter: Section): Problem[] {
  if (filter.get("key") !== "header") return filter.inVain(["header"], 'it is for "key: header"');
  return filter.has("header")
    ? []
    : [filter.valueProblem("header", 'missing; "key: header" needs the name of a field')];
}

const KEYS: readonly string[] = ["secret", "jwks_url", "jwks_file"];

function checkJwt(filter: Section): Problem[] {
  return [...filter.exactlyOne(KEYS), ...checkAlgorithms(filter), ...checkSecret(filter)];
}

/** A public key must never be taken for a secret: everybody knows it, and could sign with it. */
function checkAlgorithms(filter: Section): Problem[] {
  const isSecret = filter.has("secret");
  if (!KEYS.some((key) => filter.has(key))) return [];
  return filter.texts("algorithms").flatMap(({ text, path }) => {
    if (/^HS/.test(text) === isSecret) return [];
    const wanted = isSecret
      ? "a secret goes with HS256, HS384 and HS512"
      : "it goes with a secret, not with public keys";
    return [{ path, message: `${text}: ${wanted}` }];
  });
}

/** A key of HMAC is as long as the hash (RFC 7518 section 3.2). */
function checkSecret(filter: Section): Problem[] {
  const secret = filter.text("secret");
  if (secret === null || secret === "") return [];
  const bits = filter.texts("algorithms").map(({ text }) => Number(/^HS(\d+)$/.exec(text)?.[1] ?? 0));
  const least = Math.max(256, ...bits) / 8;
  const bytes = new TextEncoder().encode(secret).length;
  if (bytes >= least) return [];
  return [filter.valueProblem("secret", `has ${bytes} bytes: the key of HS${least * 8} has ${least} at least`)];
}

function checkFault(filter: Section): Problem[] {
  const isNone = filter.number("delay_ms", 0) === 0 && !filter.has("abort_status");
  return [
    ...(isNone ? [filter.problem("does nothing: it needs delay_ms or abort_status")] : []),
    ...(filter.number("delay_ms", 0) === 0 ? filter.inVain(["delay_percent"], "it is for delay_ms") : []),
    ...(filter.has("abort_status") ? [] : filter.inVain(["abort_percent"], "it is for abort_status")),
  ];
}
