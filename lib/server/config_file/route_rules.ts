/**
 * What the keys of virtual hosts and routes say about each other.
 *
 * @module
 */
import { formatPath, type Problem } from "./problem.ts";
import { enumerate, type Section } from "./section.ts";

const PATHS: readonly string[] = ["path", "prefix", "regex"];
const REWRITTEN_PATHS: readonly string[] = ["prefix", "path", "regex"];
const TEXTS: readonly string[] = ["exact", "prefix", "regex", "present"];
const HASHES: readonly string[] = ["header", "cookie", "query", "source"];
const ACTIONS: readonly string[] = ["cluster", "clusters", "redirect", "response"];

/** The keys of a route that say something about endpoints. */
const RELAY_KEYS: readonly string[] = [
  "rewrite",
  "request_headers",
  "mirror",
  "hash",
  "retry",
  "timeout_ms",
  "response_timeout_ms",
  "stream_idle_timeout_ms",
  "allow_connect",
];

/** All problems of a route. */
export function checkRoute(route: Section): Problem[] {
  const match = route.section("match");
  const [redirect, rewrite, retry] = ["redirect", "rewrite", "retry"].map((key) => route.section(key));
  const answering = ["redirect", "response"].find((key) => route.has(key));
  return [
    ...route.exactlyOne(ACTIONS),
    ...(answering === undefined
      ? []
      : route.inVain(RELAY_KEYS, `a route with a ${answering} sends nothing to an endpoint`)),
    ...(match === null ? [] : checkMatch(match)),
    ...checkWeights(route),
    ...(redirect ? checkRedirect(redirect, match) : []),
    ...checkResponse(route.section("response")),
    ...(rewrite ? checkRewrite(rewrite, match) : []),
    ...["request_headers", "response_headers"].flatMap((key) => checkHeaderChanges(route.section(key))),
    ...route.sections("hash").flatMap((hash) => hash.exactlyOne(HASHES)),
    ...(retry ? checkRetry(retry, route) : []),
  ];
}

/** All problems of a condition. */
export function checkMatch(match: Section): Problem[] {
  const named = [...match.sections("headers"), ...match.sections("query")];
  return [...match.atMostOne(PATHS), ...named.flatMap((one) => one.exactlyOne(TEXTS))];
}

function checkWeights(route: Section): Problem[] {
  const clusters = route.sections("clusters");
  const seen = new Set<string>();
  const twice = clusters.flatMap((cluster) => {
    const name = cluster.text("cluster");
    if (name === null) return [];
    if (seen.has(name)) return [cluster.valueProblem("cluster", `"${name}" is in this list already`)];
    seen.add(name);
    return [];
  });
  if (clusters.length === 0 || !clusters.every((cluster) => cluster.get("weight") === 0)) return twice;
  return [...twice, route.valueProblem("clusters", "the weights are all 0: at least one is more")];
}

function checkRedirect(redirect: Section, match: Section | null): Problem[] {
  const changes = ["scheme", "host", "port", ...REWRITTEN_PATHS];
  const isNone = !changes.some((key) => redirect.has(key)) && redirect.get("strip_query") !== true;
  return [
    ...(isNone ? [redirect.problem(`leads to where it came from: it needs ${enumerate(changes, "or")}`)] : []),
    ...redirect.atMostOne(REWRITTEN_PATHS),
    ...checkPrefix(redirect, match),
  ];
}

function checkRewrite(rewrite: Section, match: Section | null): Problem[] {
  const hosts = rewrite.get("host_from_endpoint") === true ? rewrite.atMostOne(["host", "host_from_endpoint"]) : [];
  return [...rewrite.atMostOne(REWRITTEN_PATHS), ...hosts, ...checkPrefix(rewrite, match)];
}

function checkPrefix(section: Section, match: Section | null): Problem[] {
  if (!section.has("prefix") || match?.has("prefix") === true) return [];
  return [section.keyProblem("prefix", 'takes the place of the prefix in "match", and there is none')];
}

/** Responses that have no body (RFC 9110 section 6.4.1). */
const BODILESS: readonly unknown[] = [204, 205, 304];

function checkResponse(response: Section | null): Problem[] {
  if (response === null || !BODILESS.includes(response.get("status"))) return [];
  return response.inVain(["body", "content_type"], `a response with status ${response.get("status")} has no body`);
}

function checkHeaderChanges(changes: Section | null): Problem[] {
  if (changes === null) return [];
  if (changes.keys.length === 0) return [changes.problem("changes nothing: it needs set, add or remove")];
  return ["set", "add"].flatMap((key) => {
    const fields = changes.section(key);
    const seen = new Map<string, string>();
    return (fields?.keys ?? []).flatMap((name) => {
      const other = seen.get(name.toLowerCase());
      seen.set(name.toLowerCase(), name);
      if (fields === null || other === undefined) return [];
      return [fields.keyProblem(name, `"${other}" is the same field, and is there already: write a list of values`)];
    });
  });
}

function checkRetry(retry: Section, route: Section): Problem[] {
  const problems: Problem[] = [];
  const [on, statuses] = ["on", "statuses"].map((key) => retry.get(key) ?? []);
  if (Array.isArray(on) && Array.isArray(statuses) && on.length + statuses.length === 0) {
    problems.push(retry.problem('says no reason to send a request again: it needs "on" or "statuses"'));
  }
  const at = retry.list("on").indexOf("timeout");
  const isUnbounded = retry.number("per_try_timeout_ms", 0) === 0 && route.get("response_timeout_ms") === 0;
  if (at >= 0 && isUnbounded) {
    const path = [...retry.path, "on", at];
    problems.push({
      path,
      message: '"timeout" never happens: neither per_try_timeout_ms nor response_timeout_ms is set',
    });
  }
  const [least, most] = [retry.number("back_off_ms", 25), retry.number("max_back_off_ms", 250)];
  if (least !== null && most !== null && least > most) {
    const key = retry.has("back_off_ms") ? "back_off_ms" : "max_back_off_ms";
    problems.push(retry.valueProblem(key, `back_off_ms, ${least}, is more than max_back_off_ms, ${most}`));
  }
  return problems;
}

/** A domain is for one virtual host. */
export function checkDomains(hosts: readonly Section[]): Problem[] {
  const seen = new Map<string, string>();
  return hosts
    .flatMap((host) => host.texts("domains"))
    .flatMap(({ text, path }) => {
      const name = text.toLowerCase();
      const other = seen.get(name);
      if (other !== undefined) return [{ path, message: `"${text}" is a domain of this listener already: ${other}` }];
      seen.set(name, formatPath(path));
      return [];
    });
}

/** Each route is reached by some request: none before it takes all of them. */
export function checkReached(routes: readonly Section[]): Problem[] {
  return routes.flatMap((route, index) => {
    const earlier = routes.slice(0, index).find((candidate) => covers(candidate, route));
    if (earlier === undefined) return [];
    const name = earlier.text("name");
    const which = name ? `"${name}" (${formatPath(earlier.path)})` : formatPath(earlier.path);
    return [route.problem(`is never reached: ${which} takes all of its requests`)];
  });
}

/** The lists of a match, which are no conditions if they are empty. */
const LISTS: readonly string[] = ["methods", "headers", "query"];

/** Does one route take all requests that another one would? Where that is hard to say, it does not. */
function covers(one: Section, other: Section): boolean {
  if (one.has("match") && one.section("match") === null) return false;
  const [wide, narrow] = [one.section("match"), other.section("match")];
  if (wide === null) return true;
  // What is not known may be a condition that is misspelt.
  if (wide.keys.some((key) => !PATHS.includes(key) && !LISTS.includes(key))) return false;
  if (LISTS.some((key) => wide.has(key) && wide.list(key).length !== 0)) return false;
  if (!PATHS.some((key) => wide.has(key))) return true;
  const path = wide.text("path");
  if (path !== null && narrow?.text("path") === path) return true;
  const regex = wide.text("regex");
  if (regex !== null && narrow?.text("regex") === regex) return true;
  const prefix = segmentsOf(wide);
  // Also for requests that have no path, as CONNECT and OPTIONS *.
  if (prefix === "") return true;
  const inner = narrow === null ? null : (narrow.text("path") ?? segmentsOf(narrow));
  return prefix !== null && inner !== null && (inner === prefix || inner.startsWith(`${prefix}/`));
}

/** The prefix of a match without the slash at its end, which means nothing. */
function segmentsOf(match: Section): string | null {
  return match.text("prefix")?.replace(/\/$/, "") ?? null;
}
