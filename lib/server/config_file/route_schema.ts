/**
 * Which requests go where: the keys of virtual hosts and routes, and what is made of them.
 *
 * Every option is named in a conversion: one that is new, and that the file does not have, is an error of the
 * compiler. What keys say about each other is checked in `route_rules.ts`.
 *
 * @module
 */
import { z } from "zod";
import type { RetryOptions } from "../../proxy/http/retry_options.ts";
import { plainRoute } from "../../proxy/http/routing/plain_route.ts";
import type {
  HashKey,
  HeaderChanges,
  NamedMatch,
  Redirect,
  Rewrite,
  RouteAction,
  RouteMatch,
  RouteOptions,
  VirtualHostOptions,
} from "../../proxy/http/routing/route_options.ts";
import type { MatchSection, RouteSection, VirtualHostSection } from "./route_types.ts";
import {
  authority,
  changeableFieldName,
  clusterName,
  domain,
  fieldName,
  fieldValue,
  flag,
  host,
  integer,
  list,
  method,
  milliseconds,
  oneOf,
  optionalMilliseconds,
  pattern,
  percent,
  someText,
  text,
  token,
  urlPath,
  whole,
} from "./values.ts";

function namedMatch(name: z.ZodString, what: string) {
  return z.strictObject(
    {
      name: name.describe(`The ${what}.`),
      exact: z
        .string({ error: "a text" })
        .optional()
        .describe("The whole value. Exactly one of this and the next three."),
      prefix: someText.optional().describe("The beginning of the value."),
      regex: pattern.optional().describe("A regular expression (ECMAScript, flag `u`) that matches the whole value."),
      present: z
        .boolean({ error: "true or false" })
        .optional()
        .describe("Whether it is there, with any value, or not."),
    },
    { error: `a mapping with the ${what} and how its value has to be` },
  );
}

const fieldMatch = namedMatch(fieldName, "name of a field");
const queryMatch = namedMatch(someText, "name of a parameter");

const matchObject = z.strictObject(
  {
    path: urlPath.optional().describe("The whole path. At most one of this and the next two."),
    prefix: urlPath
      .optional()
      .describe("The beginning of the path in whole segments: `/api` is `/api` and `/api/x`, and not `/apis`."),
    regex: pattern
      .optional()
      .describe("A regular expression (ECMAScript, flag `u`) that matches the whole path, without the query."),
    methods: list(method, "a list of methods, such as [GET, POST]", "Any of these; without it all."),
    headers: list(fieldMatch, "a list of fields", "Fields, which all have to be as they say."),
    query: list(queryMatch, "a list of parameters", "Parameters of the query, percent-decoded; all as they say."),
  },
  { error: "a mapping that says which requests" },
);

/** Which requests. */
export const matchSection: z.ZodType<RouteMatch, MatchSection> = matchObject.transform(
  ({ headers, query, methods, ...path }): RouteMatch => ({
    ...given(path),
    methods,
    headers: headers.map(toNamedMatch),
    query: query.map(toNamedMatch),
  }),
);

function toNamedMatch({ name, ...value }: z.output<typeof fieldMatch>): NamedMatch {
  return { name, ...given(value) };
}

const replaceObject = z.strictObject(
  {
    pattern: pattern.describe("A regular expression (ECMAScript, flag `u`); all of its matches are replaced."),
    replacement: z
      .string({ error: "a text" })
      .describe("What takes their place; `$1` and `$<name>` are what groups matched."),
  },
  { error: "a mapping with a pattern and a replacement" },
);

const rewriteObject = z.strictObject(
  {
    prefix: urlPath.optional().describe("In the place of `match.prefix`. At most one of this and the next two."),
    path: urlPath.optional().describe("In the place of the whole path."),
    regex: replaceObject.optional().describe("Replaces parts of the path."),
    host: authority.optional().describe("The Host field. At most one of this and the next."),
    host_from_endpoint: flag(false, "The Host field is the endpoint's address."),
  },
  { error: "a mapping of what is rewritten" },
);

function toRewrite({ host_from_endpoint, ...rest }: z.output<typeof rewriteObject>): Rewrite {
  return { ...given(rest), hostFromEndpoint: host_from_endpoint };
}

const STATUSES = [301, 302, 303, 307, 308] as const;

const redirectObject = z.strictObject(
  {
    scheme: oneOf(["http", "https"]).optional().describe("The scheme. What is not given stays as it was."),
    host: host.optional().describe("The host."),
    port: integer(1, 65535).optional().describe("The port."),
    path: urlPath.optional().describe("In the place of the whole path. At most one of this and the next two."),
    prefix: urlPath.optional().describe("In the place of `match.prefix`."),
    regex: replaceObject.optional().describe("Replaces parts of the path."),
    strip_query: flag(false, "Leave the query out."),
    status: z
      .literal(STATUSES, { error: `one of ${STATUSES.join(", ")}` })
      .default(301)
      .describe("The status: 301 and 308 are for ever; with 307 and 308 the method stays as it was."),
  },
  { error: "a mapping that says where to" },
);

function toRedirect({ strip_query, status, ...rest }: z.output<typeof redirectObject>): Redirect {
  return { ...given(rest), stripQuery: strip_query, status };
}

const responseObject = z.strictObject(
  {
    status: whole(200, 599, 200, "The status."),
    body: text("", "The body."),
    content_type: fieldValue.default("text/plain").describe("The body's media type."),
  },
  { error: "a mapping with a status and a body" },
);

const fieldValues = z.union([fieldValue, z.array(fieldValue).min(1, { error: "at least one text" })], {
  error: "a text, or a list of texts",
});

function fields(meaning: string) {
  return z
    .record(changeableFieldName, fieldValues, { error: "a mapping of names of fields to texts" })
    .default({})
    .describe(meaning);
}

const headerChangesObject = z.strictObject(
  {
    remove: list(changeableFieldName, "a list of names of fields", "Fields that are removed, which is done first."),
    set: fields("Fields that are replaced: a text, or a list of texts, by name."),
    add: fields("Fields that are added to those of the same name: a text, or a list of texts, by name."),
  },
  { error: "a mapping with set, add or remove" },
);

type Fields = z.output<typeof headerChangesObject>["set"];

function toHeaderChanges({ set, add, remove }: z.output<typeof headerChangesObject>): HeaderChanges {
  // Of several values the first takes the place of what was there, and the others are added to it.
  const further = pairs(set, (values) => values.slice(1));
  return { remove, set: pairs(set, (values) => values.slice(0, 1)), add: [...further, ...pairs(add, (all) => all)] };
}

function pairs(fields: Fields, take: (values: readonly string[]) => readonly string[]): [string, string][] {
  return Object.entries(fields).flatMap(([name, values]) =>
    take(typeof values === "string" ? [values] : values).map((value): [string, string] => [name, value]),
  );
}

const hashObject = z.strictObject(
  {
    header: fieldName.optional().describe("The value of a field, by its name. Exactly one of this and the next three."),
    cookie: token.optional().describe("The value of a cookie, by its name."),
    query: someText.optional().describe("The value of a parameter of the query, by its name."),
    source: z
      .literal(true, { error: "true" })
      .optional()
      .describe("The client's IP address; with `trusted_hops`, as the proxies in front say."),
  },
  { error: "a mapping with header, cookie, query or source" },
);

function toHashKey({ header, cookie, query }: z.output<typeof hashObject>): HashKey {
  if (header !== undefined) return { type: "header", name: header };
  if (cookie !== undefined) return { type: "cookie", name: cookie };
  if (query !== undefined) return { type: "query", name: query };
  return { type: "source" };
}

const retryObject = z.strictObject(
  {
    on: list(
      oneOf(["connect-failure", "reset", "timeout", "gateway-error", "5xx", "conflict"]),
      "a list of reasons, such as [connect-failure, reset]",
      "Reasons to send a request again: `connect-failure` (nothing was sent), `reset` (the connection ended before " +
        "any part of the response), `timeout` (`per_try_timeout_ms` or `response_timeout_ms` is over), " +
        "`gateway-error` (502, 503, 504), `5xx` (all of these, any status of 500 or more, and responses that are not " +
        "valid), `conflict` (409).",
    ),
    statuses: list(integer(200, 599), "a list of statuses", "Further statuses that are a reason."),
    attempts: whole(1, 100, 2, "How often a request is sent again."),
    all_methods: flag(
      false,
      "Send requests again whose method is not idempotent, such as POST, too; they may then take effect twice.",
    ),
    per_try_timeout_ms: milliseconds(0, "How long one try may take until its response; 0: as long as all of them."),
    back_off_ms: milliseconds(
      25,
      "The longest wait before the second try, doubled for each further one; a random part of it is waited. 0: none.",
    ),
    max_back_off_ms: milliseconds(250, "The longest wait before any try."),
    body_bytes: whole(
      0,
      1 << 24,
      65_536,
      "Bytes of a request's body that are kept, to be sent again; a request with a longer one is sent once.",
    ),
  },
  { error: "a mapping of reasons to send requests again" },
);

function toRetry(retry: z.output<typeof retryObject>): RetryOptions {
  return {
    on: retry.on,
    statuses: retry.statuses,
    attempts: retry.attempts,
    isForAllMethods: retry.all_methods,
    perTryTimeoutMs: retry.per_try_timeout_ms,
    backOffMs: retry.back_off_ms,
    maximumBackOffMs: retry.max_back_off_ms,
    bodyBytes: retry.body_bytes,
  };
}

const weightedCluster = z.strictObject(
  {
    cluster: clusterName.describe("The cluster, by its name."),
    weight: whole(0, 1_000_000, 1, "Its share, in proportion to the sum of all."),
  },
  { error: "a mapping with a cluster and its weight" },
);

const mirrorObject = z.strictObject(
  {
    cluster: clusterName.describe("The cluster that gets the copies, by its name."),
    percent: percent(100, "The part of the requests that is copied."),
  },
  { error: "a mapping with a cluster and a percentage" },
);

const plain = plainRoute("");

const routeObject = z.strictObject(
  {
    name: text("", "Its name in logs."),
    match: matchSection.prefault({}).describe("Which requests; all that is given has to match. Without it all."),
    cluster: clusterName
      .optional()
      .describe("The cluster to relay to, by its name. Exactly one of this and the next three."),
    clusters: z
      .array(weightedCluster, { error: "a list of clusters with weights" })
      .min(1, { error: "at least one cluster" })
      .optional()
      .describe("Several clusters, each with its share of the requests."),
    redirect: redirectObject.optional().describe("Send the client to another place."),
    response: responseObject.optional().describe("Answer without an endpoint."),
    rewrite: rewriteObject.optional().describe("Changes to the path and the Host field."),
    request_headers: headerChangesObject.optional().describe("Changes to the fields of requests."),
    response_headers: headerChangesObject.optional().describe("Changes to the fields of responses."),
    mirror: mirrorObject
      .optional()
      .describe("Send copies of requests to another cluster, whose responses are dropped."),
    hash: list(
      hashObject,
      "a list of what to hash, such as [{ cookie: session }, { source: true }]",
      "By what the balancers `ring_hash` and `maglev` choose: the first of these that a request has.",
    ),
    retry: retryObject
      .optional()
      .describe("When a request is sent again; without it only when nothing can have been processed, see http.md."),
    timeout_ms: milliseconds(
      plain.timeoutMs,
      "How long a request may take to the end of its response, with all tries; then 504. 0: no limit. " +
        "Not for upgrades.",
    ),
    response_timeout_ms: optionalMilliseconds("In the place of the listener's `http.response_timeout_ms`."),
    stream_idle_timeout_ms: optionalMilliseconds("In the place of the listener's `http.stream_idle_timeout_ms`."),
    allow_connect: flag(
      plain.allowsConnect,
      "Make a tunnel to an endpoint of CONNECT; the host that the client names is not looked at.",
    ),
  },
  { error: "a mapping that describes a route" },
);

type Route = z.output<typeof routeObject>;

/** Which requests go where. */
export const routeSection: z.ZodType<RouteOptions, RouteSection> = routeObject.transform(
  (route): RouteOptions => ({
    name: route.name,
    match: route.match,
    action: toAction(route),
    rewrite: route.rewrite === undefined ? null : toRewrite(route.rewrite),
    requestHeaders: route.request_headers === undefined ? null : toHeaderChanges(route.request_headers),
    responseHeaders: route.response_headers === undefined ? null : toHeaderChanges(route.response_headers),
    mirror: route.mirror ?? null,
    hash: route.hash.map(toHashKey),
    retry: route.retry === undefined ? null : toRetry(route.retry),
    timeoutMs: route.timeout_ms,
    responseTimeoutMs: route.response_timeout_ms ?? null,
    streamIdleTimeoutMs: route.stream_idle_timeout_ms ?? null,
    allowsConnect: route.allow_connect,
  }),
);

function toAction({ cluster = "", clusters, redirect, response }: Route): RouteAction {
  if (redirect !== undefined) return { type: "redirect", redirect: toRedirect(redirect) };
  if (response !== undefined) {
    const { status, body, content_type } = response;
    return { type: "response", response: { status, body, contentType: content_type } };
  }
  return { type: "clusters", clusters: clusters ?? [{ cluster, weight: 1 }] };
}

const virtualHostObject = z.strictObject(
  {
    name: z
      .string({ error: "a name" })
      .min(1, { error: "a name that is not empty" })
      .optional()
      .describe("Its name in logs; without it the first domain."),
    domains: z
      .array(domain, { error: 'a list of domains, such as ["example.com", "*.example.com"]' })
      .min(1, { error: "at least one domain" })
      .describe(
        "Hosts without port: `example.com`, `*.example.com`, `example.*`, or `*` for all others. A whole name wins " +
          "over a wildcard, and a longer wildcard over a shorter one.",
      ),
    routes: z
      .array(routeSection, { error: "a list of routes" })
      .min(1, { error: "at least one route" })
      .describe("The first one that matches is taken; without one, 404."),
  },
  { error: "a mapping with domains and routes" },
);

/** Routes for some hosts. */
export const virtualHostSection: z.ZodType<VirtualHostOptions, VirtualHostSection> = virtualHostObject.transform(
  ({ name, domains, routes }): VirtualHostOptions => ({ name: name ?? domains[0] ?? "", domains, routes }),
);

type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Without the properties that are `undefined`. */
function given<T extends object>(object: T): Given<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Given<T>;
}
