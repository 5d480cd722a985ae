/**
 * What requests and responses pass through: the keys of filters, and what is made of them.
 *
 * What keys say about each other is checked in `filter_rules.ts`.
 *
 * @module
 */
import { z } from "zod";
import { checkOrigin } from "../../proxy/http/filters/builtin/cors_origins.ts";
import { checkPassword } from "../../proxy/http/filters/builtin/password_hash.ts";
import type { HttpFilter } from "../../proxy/http/filters/filter.ts";
import type { FilterConfig } from "../server_config.ts";
import type { FilterSection } from "./filter_types.ts";
import { matchSection } from "./route_schema.ts";
import { suggestion } from "./suggestion.ts";
import {
  changeableFieldName,
  checkedText,
  choice,
  fieldName,
  fieldValue,
  flag,
  integer,
  list,
  method,
  network,
  oneOf,
  percent,
  someMilliseconds,
  text,
  token,
  whole,
} from "./values.ts";

const match = matchSection.optional().describe("Only these requests; without it all.");

/** The keys of a filter of one type. */
function filter<const Type extends string, Shape extends z.core.$ZodLooseShape>(
  type: Type,
  meaning: string,
  shape: Shape,
) {
  return z
    .strictObject(
      { type: z.literal(type).describe("Which filter it is."), match, ...shape },
      { error: "a mapping that describes a filter" },
    )
    .describe(meaning);
}

const origin = checkedText("an origin", checkOrigin);

const cors = filter("cors", "Lets pages of other origins use the responses, and answers their preflight requests.", {
  allow_origins: z
    .array(origin, { error: 'a list of origins, such as ["https://example.com"]' })
    .min(1, { error: "at least one origin" })
    .describe("Their origins: `https://example.com`, `https://*.example.com`, or `*` for all."),
  allow_methods: z
    .array(method, { error: "a list of methods" })
    .default(["GET", "HEAD", "POST"])
    .describe("Methods that they may use."),
  allow_headers: list(fieldName, "a list of names of fields", "Fields that they may send."),
  expose_headers: list(fieldName, "a list of names of fields", "Fields of responses that they may read."),
  allow_credentials: flag(false, "Let them send cookies."),
  max_age_s: whole(0, 2_147_483_647, 600, "Seconds for which a browser remembers what is allowed."),
});

const basicAuth = filter("basic_auth", "Asks for a name and a password.", {
  realm: fieldValue.default("ringway").describe("What they are for, in words."),
  users: z
    .record(
      checkedText("a name", (name) =>
        /^[^:\p{Cc}]+$/u.test(name) ? null : `${JSON.stringify(name)} is not a name: it is not empty, and has no ":"`,
      ),
      checkedText("a text, such as sha256:SALT:HASH", (value) => checkPassword(value)),
      { error: "a mapping of names to passwords" },
    )
    .describe("Passwords by name: `scrypt:N:r:p:SALT:HASH`, `sha256:SALT:HASH`, or `plain:PASSWORD`; see filters.md."),
});

const networks = (meaning: string) => list(network, 'a list of addresses, such as ["10.0.0.0/8"]', meaning);

const ipFilter = filter("ip_filter", "Lets clients in, or keeps them out with 403, by their addresses.", {
  allow: networks("Addresses and networks that are let in; empty: all that are not denied."),
  deny: networks("Addresses and networks that are kept out, even if they are allowed."),
});

const rateLimit = filter("rate_limit", "Refuses requests that are too many.", {
  requests: integer(1, 1_000_000_000).describe("Requests that are let through in `per_ms`, over all workers."),
  per_ms: someMilliseconds(1000, "The time for so many `requests`."),
  burst: integer(1, 1_000_000_000)
    .optional()
    .describe("So many may come at once after a time without any; without it as many as `requests`."),
  key: choice(
    ["all", "client", "header"],
    "client",
    "What is counted for itself: `all` requests together, each `client`'s address, or each value of a `header`.",
  ),
  header: fieldName.optional().describe("The field, for `key: header`."),
  max_keys: whole(1, 1 << 22, 100_000, "How many clients, or values, are remembered."),
  status: whole(400, 599, 429, "The status of the refusal."),
});

const TYPES = [
  "text/html",
  "text/css",
  "text/plain",
  "text/javascript",
  "application/javascript",
  "application/json",
  "application/xml",
  "image/svg+xml",
];

const mediaType = checkedText("a media type", (value) =>
  /^[\w!#$&^.+-]+\/(?:\*|[\w!#$&^.+-]+)$/.test(value)
    ? null
    : `${JSON.stringify(value)} is not a media type, such as text/html or text/*`,
);

const compression = filter("compression", "Compresses the bodies of responses for clients that understand it.", {
  algorithms: z
    .array(oneOf(["br", "gzip", "deflate", "zstd"]), { error: "a list of algorithms, such as [br, gzip]" })
    .min(1, { error: "at least one algorithm" })
    .default(["br", "gzip"])
    .describe("Which are used; of those that a client likes equally, the first."),
  min_bytes: whole(0, 1 << 30, 1024, "Shorter bodies are left as they are."),
  types: z
    .array(mediaType, { error: "a list of media types" })
    .min(1, { error: "at least one media type" })
    .default(TYPES)
    .describe("Which media types."),
  level: whole(0, 11, 0, "From 1, fast, to 11, small; 0: what is usual on the fly."),
});

const ALGORITHMS = [
  ...(["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] as const),
  ...(["ES256", "ES384", "ES512", "EdDSA", "Ed25519"] as const),
] as const;

const webUrl = checkedText("a URL", (value) => {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url?.protocol === "https:" || url?.protocol === "http:") return null;
  return `${JSON.stringify(value)} is not a URL of http or https`;
});

const audience = z.string({ error: "a text" });

const jwt = filter("jwt", "Lets requests in that have a signed token (JWT).", {
  algorithms: z
    .array(oneOf(ALGORITHMS), { error: "a list of algorithms" })
    .min(1, { error: "at least one algorithm" })
    .optional()
    .describe("Which are accepted; without it HS256 with a `secret`, and RS256 and ES256 with public keys."),
  secret: z
    .string({ error: "a text" })
    .min(1, { error: "a text that is not empty" })
    .optional()
    .describe("The key of HS256 and its like. Exactly one of this and the next two."),
  jwks_url: webUrl.optional().describe("From where public keys (JWKS) are fetched."),
  jwks_file: z
    .string({ error: "a file" })
    .min(1, { error: "the name of a file" })
    .optional()
    .describe("The file that has public keys (JWKS)."),
  issuer: text("", "What the claim `iss` has to be; empty: anything."),
  audience: z
    .union([audience, z.array(audience)], { error: "a text, or a list of texts" })
    .default([])
    .describe("What the claim `aud` has to have, one of these; empty: anything."),
  header: fieldName.default("Authorization").describe("The field that has the token, with or without `Bearer`."),
  cookie: token.optional().describe("The cookie that has it, if the field is not there."),
  claims_to_headers: z
    .record(z.string(), changeableFieldName, { error: "a mapping of claims to names of fields" })
    .default({})
    .describe("Claims that are put into fields of the request, whose values from the client are removed."),
  clock_tolerance_s: whole(0, 3600, 5, "Seconds by which clocks may differ."),
  optional: flag(false, "Let requests without a token in; those with a bad one never are."),
});

const fault = filter("fault", "Makes some requests slow, or fail, to try out what happens then.", {
  delay_ms: whole(0, 600_000, 0, "How long requests are held back; 0: not at all."),
  delay_percent: percent(100, "The part of the requests that is held back."),
  abort_status: integer(200, 599).optional().describe("The status that is answered in the place of an endpoint."),
  abort_percent: percent(100, "The part of the requests that is answered so."),
});

/** The functions of a filter of one's own: the compiler knows when one is new. */
const HOOKS: Readonly<Record<Exclude<keyof HttpFilter, "name">, true>> = {
  onStart: true,
  onStop: true,
  onRequestHead: true,
  onRoute: true,
  onResponseHead: true,
  onEnd: true,
};
const HOOK_NAMES: readonly string[] = Object.keys(HOOKS);

/** Is it an object with a name and at least one function? Nothing in YAML is. */
function isHttpFilter(value: unknown): value is HttpFilter {
  if (typeof value !== "object" || value === null) return false;
  const filter = value as Readonly<Record<string, unknown>>;
  return typeof filter["name"] === "string" && HOOK_NAMES.some((name) => typeof filter[name] === "function");
}

const httpFilter = z
  .custom<HttpFilter>(isHttpFilter, {
    error:
      "is not a filter, which is an object with a name and functions: " +
      "only a configuration in TypeScript (ringway.config.ts) can have one",
    abort: true,
  })
  .superRefine((value, context) => {
    for (const [key, hook] of Object.entries(value)) {
      if (!/^on[A-Z]/.test(key)) continue;
      const isKnown = HOOK_NAMES.includes(key);
      if (isKnown && (hook === undefined || typeof hook === "function")) continue;
      const meant = suggestion(key, HOOK_NAMES);
      const advice = meant === null ? `known: ${HOOK_NAMES.join(", ")}` : `did you mean "${meant}"?`;
      const message = isKnown ? "is not a function" : `unknown function of a filter; ${advice}`;
      context.addIssue({ code: "custom", message, path: [key], params: { isKey: true } });
    }
  });

const custom = filter("custom", "A filter of one's own, in a configuration in TypeScript.", {
  filter: httpFilter.describe("The filter, an `HttpFilter`."),
});

const TYPE_NAMES = "cors, basic_auth, ip_filter, rate_limit, compression, jwt, fault, custom";

/** Filters by their types. */
const anyFilter = z.discriminatedUnion(
  "type",
  [cors, basicAuth, ipFilter, rateLimit, compression, jwt, fault, custom],
  {
    error: ({ code }) => (code === "invalid_union" ? `one of ${TYPE_NAMES}` : "a mapping that describes a filter"),
  },
);

type AnyFilter = z.output<typeof anyFilter>;

/** A filter of a listener. */
export const filterSection: z.ZodType<FilterConfig, FilterSection> = anyFilter.transform(
  (section): FilterConfig => ({ match: section.match ?? null, filter: toOptions(section) }),
);

function toOptions(section: AnyFilter): FilterConfig["filter"] {
  switch (section.type) {
    case "cors":
      return {
        type: "cors",
        options: {
          allowOrigins: section.allow_origins,
          allowMethods: section.allow_methods,
          allowHeaders: section.allow_headers,
          exposeHeaders: section.expose_headers,
          allowCredentials: section.allow_credentials,
          maxAgeS: section.max_age_s,
        },
      };
    case "basic_auth":
      return { type: "basic-auth", options: { realm: section.realm, users: section.users } };
    case "ip_filter":
      return { type: "ip-filter", options: { allow: section.allow, deny: section.deny } };
    case "rate_limit":
      return {
        type: "rate-limit",
        options: {
          requests: section.requests,
          perMs: section.per_ms,
          burst: section.burst ?? section.requests,
          key: section.key,
          header: section.header ?? "",
          maximumKeys: section.max_keys,
          status: section.status,
        },
      };
    case "compression":
      return {
        type: "compression",
        options: {
          algorithms: section.algorithms,
          minimumBytes: section.min_bytes,
          types: section.types,
          level: section.level,
        },
      };
    case "jwt": {
      const { audience } = section;
      return {
        type: "jwt",
        options: {
          algorithms: section.algorithms ?? (section.secret === undefined ? ["RS256", "ES256"] : ["HS256"]),
          secret: section.secret ?? "",
          jwksUrl: section.jwks_url ?? "",
          jwksFile: section.jwks_file ?? "",
          issuer: section.issuer,
          audience: typeof audience === "string" ? [audience] : audience,
          header: section.header,
          cookie: section.cookie ?? "",
          claimsToHeaders: section.claims_to_headers,
          clockToleranceS: section.clock_tolerance_s,
          isOptional: section.optional,
        },
      };
    }
    case "fault":
      return {
        type: "fault",
        options: {
          delayMs: section.delay_ms,
          delayPercent: section.delay_percent,
          abortStatus: section.abort_status ?? 0,
          abortPercent: section.abort_status === undefined ? 0 : section.abort_percent,
        },
      };
    case "custom":
      return { type: "custom", name: section.filter.name };
  }
}
