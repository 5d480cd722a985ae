import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkValue } from "./check.ts";
import { problems, problemsBelow } from "./test_problems.ts";

/** Filters, and all problems that they have. */
const BAD: readonly (readonly [name: string, filters: string, ...problems: string[]])[] = [
  [
    "an unknown type",
    "{ type: corz }",
    '[0].type: found "corz"; allowed: one of cors, basic_auth, ip_filter, rate_limit, ' +
      "compression, jwt, fault, custom",
  ],
  [
    "no type",
    "{}",
    "[0].type: missing; it is one of cors, basic_auth, ip_filter, rate_limit, compression, " + "jwt, fault, custom",
  ],
  ["no mapping", "5", "[0]: found 5; allowed: a mapping that describes a filter"],
  ["a typo", "{ type: cors, allow_origin: ['*'] }", '[0].allow_origin: unknown key; did you mean "allow_origins"?'],
  [
    "a key of another type",
    "{ type: fault, delay_ms: 5, allow_origins: [] }",
    "[0].allow_origins: unknown key; known here: type, match, delay_ms, delay_percent, " +
      "abort_status, abort_percent",
  ],
  [
    "cors",
    "{ type: cors, allow_origins: ['*', example.com, 'https://a/'], allow_credentials: true, " +
      "allow_headers: ['a b', '*'] }",
    '[0].allow_origins[0]: "*" does not go with allow_credentials: name each of them',
    '[0].allow_origins[1]: "example.com" is not an origin: write scheme://host or scheme://host:port in small ' +
      "letters, without a path",
    '[0].allow_origins[2]: "https://a/" is not an origin: write scheme://host or scheme://host:port in small ' +
      "letters, without a path",
    '[0].allow_headers[0]: "a b" is not the name of a field: those are letters, digits and -',
    '[0].allow_headers[1]: "*" does not go with allow_credentials: name each of them',
  ],
  [
    "a condition",
    "{ type: fault, delay_ms: 5, match: { path: /a, regex: x, query: [{ name: '', exact: a }] " + "} }",
    '[0].match.regex: "path" is there too; allowed: at most one of path, prefix and regex',
    "[0].match.query[0].name: is empty",
  ],
  [
    "basic_auth",
    "{ type: basic_auth }, { type: basic_auth, users: { 'a:b': 'plain:x', c: x, d: [] } }",
    "[0].users: missing; it is a mapping of names to passwords",
    '[1].users.a:b: "a:b" is not a name: it is not empty, and has no ":"',
    "[1].users.c: a password's hash begins with scrypt:, sha256: or plain:",
    "[1].users.d: found an empty list; allowed: a text, such as sha256:SALT:HASH",
  ],
  [
    "basic_auth for nobody",
    "{ type: basic_auth, users: {} }",
    "[0].users: nobody is let in: it needs at least one name",
  ],
  [
    "ip_filter",
    "{ type: ip_filter }, { type: ip_filter, allow: [1.2.3.4/33, a, '::1/128'] }",
    "[0]: keeps nobody out: it needs allow or deny",
    '[1].allow[0]: "1.2.3.4/33" is not an address or a network, such as 192.0.2.1, 10.0.0.0/8 ' + "or fd00::/8",
    '[1].allow[1]: "a" is not an address or a network, such as 192.0.2.1, 10.0.0.0/8 or ' + "fd00::/8",
  ],
  [
    "rate_limit",
    "{ type: rate_limit, requests: 0, header: a }, { type: rate_limit, requests: 5, key: " + "header }",
    "[0].requests: found 0; allowed: a whole number from 1 to 1000000000",
    '[0].header: it is for "key: header"',
    '[1].header: missing; "key: header" needs the name of a field',
  ],
  [
    "compression",
    "{ type: compression, algorithms: [gzap], types: [html], level: 12 }",
    '[0].algorithms[0]: found "gzap"; allowed: one of br, gzip, deflate, zstd',
    '[0].types[0]: "html" is not a media type, such as text/html or text/*',
    "[0].level: found 12; allowed: a whole number from 0 to 11",
  ],
  ["jwt without a key", "{ type: jwt }", "[0]: needs exactly one of secret, jwks_url and jwks_file"],
  [
    "jwt with two",
    "{ type: jwt, secret: abc, jwks_file: x }",
    "[0].secret: has 3 bytes: the key of HS256 has 32 at least",
    '[0].jwks_file: "secret" is there too; allowed: exactly one of secret, jwks_url and ' + "jwks_file",
  ],
  [
    "jwt with the wrong algorithms",
    "{ type: jwt, secret: abcdefghabcdefghabcdefghabcdefgh, algorithms: [RS256, HS512] }, { " +
      "type: jwt, jwks_file: a, algorithms: [HS256] }",
    "[0].secret: has 32 bytes: the key of HS512 has 64 at least",
    "[0].algorithms[0]: RS256: a secret goes with HS256, HS384 and HS512",
    "[1].algorithms[0]: HS256: it goes with a secret, not with public keys",
  ],
  [
    "jwt",
    "{ type: jwt, jwks_url: 'ftp://x', algorithms: [none], claims_to_headers: { sub: Host } }",
    '[0].jwks_url: "ftp://x" is not a URL of http or https',
    '[0].algorithms[0]: found "none"; allowed: one of HS256, HS384, HS512, RS256, RS384, ' +
      "RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519",
    '[0].claims_to_headers.sub: "Host" can\'t be changed: use rewrite.host or ' + "rewrite.host_from_endpoint",
  ],
  [
    "fault",
    "{ type: fault }, { type: fault, delay_percent: 5, abort_status: 503 }, { type: fault, " +
      "delay_ms: 5, abort_percent: 5 }",
    "[0]: does nothing: it needs delay_ms or abort_status",
    "[1].delay_percent: it is for delay_ms",
    "[2].abort_percent: it is for abort_status",
  ],
  [
    "what only the filter itself knows, at its key",
    "{ type: basic_auth, realm: 'caf\u00e9', users: { a: 'plain:b' } }, { type: jwt, jwks_file: a, " +
      "claims_to_headers: { sub: x-a, iss: X-A } }",
    "[0].realm: must be printable ASCII",
    '[1].claims_to_headers: X-A is taken, and can\'t get "iss"',
  ],
  [
    "a filter of one's own",
    "{ type: custom }, { type: custom, filter: { name: x } }",
    "[0].filter: is not a filter, which is an object with a name and functions: only a " +
      "configuration in TypeScript (ringway.config.ts) can have one",
    "[1].filter: is not a filter, which is an object with a name and functions: only a " +
      "configuration in TypeScript (ringway.config.ts) can have one",
  ],
];

function file(filters: string): string {
  const listener = `{ listen: 'a:2', cluster: web, filters: [${filters}] }`;
  return `listeners: [${listener}]\nclusters: [{ name: web, endpoints: ['a:1'] }]`;
}

describe("a good filter", () => {
  const good = [
    "{ type: fault, delay_ms: 5 }",
    "{ type: fault, abort_status: 503, abort_percent: 1 }",
    "{ type: rate_limit, requests: 1 }",
    "{ type: ip_filter, deny: ['::/0'] }",
    "{ type: compression }",
  ];
  for (const filter of good) {
    it(`is accepted: ${filter}`, () => {
      assert.deepEqual(problemsBelow("", file(filter)), []);
    });
  }
});

describe("a bad filter", () => {
  for (const [name, filters, ...expected] of BAD) {
    it(`is told what is wrong with ${name}`, () => {
      assert.deepEqual(problemsBelow("listeners[0].filters", file(filters)), expected);
    });
  }

  it("is told which of its own functions is not known, or none", () => {
    const filter = { name: "x", onStart: () => {}, onRequestHaed: () => {}, onRoute: 5, onAnything: null, other: 5 };
    const value = {
      listeners: [{ listen: "a:2", cluster: "web", filters: [{ type: "custom", filter }] }],
      clusters: [{ name: "web", endpoints: ["a:1"] }],
    };
    const known = "onStart, onStop, onRequestHead, onRoute, onResponseHead, onEnd";
    assert.deepEqual(
      problems(() => checkValue("f", value, "")),
      [
        ' listeners[0].filters[0].filter.onRequestHaed: unknown function of a filter; did you mean "onRequestHead"?',
        " listeners[0].filters[0].filter.onRoute: is not a function",
        ` listeners[0].filters[0].filter.onAnything: unknown function of a filter; known: ${known}`,
      ],
    );
  });
});
