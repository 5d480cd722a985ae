import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { checkReached } from "./route_rules.ts";
import { Section } from "./section.ts";
import { problemsBelow } from "./test_problems.ts";

const CLUSTERS = `
clusters:
  - { name: web, endpoints: ["a:1"] }
  - { name: hashing, endpoints: ["a:1"], balancer: maglev }
`;

/** A file in which all clusters are used, and the second listener has these routes. */
function withRoutes(routes: string): string {
  const web = "{ match: { path: /x }, cluster: web }";
  const hashing = "{ cluster: hashing, hash: [{ source: true }] }";
  const first = `{ listen: 'a:3', routes: [${web}, ${hashing}] }`;
  return `listeners: [${first}, { listen: 'a:2', routes: [${routes}] }]${CLUSTERS}`;
}

/** Routes, and all problems that they have. */
const BAD_ROUTES: readonly (readonly [name: string, routes: string, ...problems: string[]])[] = [
  ["no action", "{ name: a }", "[0]: needs exactly one of cluster, clusters, redirect and response"],
  [
    "two actions",
    "{ cluster: web, response: { body: x } }",
    '[0].response: "cluster" is there too; allowed: exactly one of cluster, clusters, ' + "redirect and response",
  ],
  [
    "what only goes with a cluster",
    "{ response: { status: 204, body: x }, rewrite: { path: /x }, timeout_ms: 5 }",
    "[0].response.body: a response with status 204 has no body",
    "[0].rewrite: a route with a response sends nothing to an endpoint",
    "[0].timeout_ms: a route with a response sends nothing to an endpoint",
  ],
  [
    "a key like no other",
    "{ cluster: web, mirror: { cluster: web, xyz: 5 } }",
    "[0].mirror.xyz: unknown key; known here: cluster, percent",
  ],
  ["a typo", "{ cluster: web, match: { prefx: /a } }", '[0].match.prefx: unknown key; did you mean "prefix"?'],
  [
    "a typo deep in a route",
    "{ cluster: web, match: { headers: [{ name: x, exac: a }] } }",
    '[0].match.headers[0].exac: unknown key; did you mean "exact"?',
  ],
  [
    "two paths",
    "{ match: { path: /a, prefix: /b }, cluster: web }",
    '[0].match.prefix: "path" is there too; allowed: at most one of path, prefix and regex',
  ],
  [
    "paths that are none",
    "{ match: { path: a }, cluster: web }, { match: { prefix: '/a?b' }, cluster: web }, { " +
      "match: { prefix: '/ä b' }, cluster: web }",
    '[0].match.path: "a" does not begin with a slash',
    '[1].match.prefix: "/a?b" has a "?": a path is given without the query',
    '[2].match.prefix: "/ä b" has a character that is never in a request\'s path: ' + "percent-encode it",
  ],
  [
    "methods",
    "{ match: { methods: [get, 'G T', 5] }, cluster: web }",
    '[0].match.methods[0]: "get" has small letters: methods are case-sensitive',
    '[0].match.methods[1]: "G T" is no method: it is a token (RFC 9110 section 5.6.2)',
    "[0].match.methods[2]: found 5; allowed: a method, such as GET",
  ],
  [
    "conditions on fields",
    "{ match: { headers: [{ name: 'a b', exact: x }, { name: a }, { name: b, exact: x, " +
      "present: true }] }, cluster: web }",
    '[0].match.headers[0].name: "a b" is not the name of a field: those are letters, digits ' + "and -",
    "[0].match.headers[1]: needs exactly one of exact, prefix, regex and present",
    '[0].match.headers[2].present: "exact" is there too; allowed: exactly one of exact, ' + "prefix, regex and present",
  ],
  [
    "weights",
    "{ clusters: [{ cluster: web, weight: 0 }, { cluster: web, weight: 0 }] }",
    "[0].clusters: the weights are all 0: at least one is more",
    '[0].clusters[1].cluster: "web" is in this list already',
  ],
  [
    "a weight",
    "{ clusters: [{ cluster: web, weight: 2000000 }, { weight: 1 }] }",
    "[0].clusters[0].weight: found 2000000; allowed: a whole number from 0 to 1000000",
    "[0].clusters[1].cluster: missing; it is the name of a cluster",
  ],
  ["no clusters", "{ clusters: [] }", "[0].clusters: found an empty list; allowed: at least one cluster"],
  [
    "a rewrite of no prefix",
    "{ match: { path: /a }, cluster: web, rewrite: { prefix: /b, regex: { pattern: '.', " + "replacement: '' } } }",
    '[0].rewrite.prefix: takes the place of the prefix in "match", and there is none',
    '[0].rewrite.regex: "prefix" is there too; allowed: at most one of prefix, path and regex',
  ],
  [
    "two hosts",
    "{ cluster: web, rewrite: { host: a, host_from_endpoint: true } }",
    '[0].rewrite.host_from_endpoint: "host" is there too; allowed: at most one of host and ' + "host_from_endpoint",
  ],
  ["a host that is none", "{ cluster: web, rewrite: { host: 'http://a' } }", '[0].rewrite.host: "http://a" is no host'],
  [
    "a redirect to where it came from",
    "{ redirect: { status: 302 } }",
    "[0].redirect: leads to where it came from: it needs scheme, host, port, prefix, path or " + "regex",
  ],
  [
    "a redirect",
    "{ redirect: { host: 'a:80', port: 0, scheme: ftp, status: 300, prefix: / } }",
    '[0].redirect.host: "a:80" has a port, which is given on its own',
    "[0].redirect.port: found 0; allowed: a whole number from 1 to 65535",
    '[0].redirect.scheme: found "ftp"; allowed: one of http, https',
    "[0].redirect.status: found 300; allowed: one of 301, 302, 303, 307, 308",
    '[0].redirect.prefix: takes the place of the prefix in "match", and there is none',
  ],
  [
    "a response",
    '{ response: { status: 100, body: 5, content_type: "a\\nb" } }',
    "[0].response.status: found 100; allowed: a whole number from 200 to 599",
    "[0].response.body: found 5; allowed: a text",
    "[0].response.content_type: the value has a control character, such as the end of a line",
  ],
  [
    "fields of the proxy's own",
    "{ cluster: web, request_headers: { set: { Host: a, Content-Length: '5' }, add: { te: x " +
      "}, remove: [Connection] } }",
    '[0].request_headers.set.Host: "Host" can\'t be changed: use rewrite.host or ' + "rewrite.host_from_endpoint",
    '[0].request_headers.set.Content-Length: "Content-Length" can\'t be changed: the length is ' +
      "that of the body that is sent",
    '[0].request_headers.add.te: "te" can\'t be changed: it is about one connection, and is ' + "never forwarded",
    '[0].request_headers.remove[0]: "Connection" can\'t be changed: it is about one ' +
      "connection, which the proxy keeps or closes; see keep_alive_timeout_ms",
  ],
  [
    "fields that are none",
    "{ cluster: web, request_headers: { set: { 'a b': x, c: \"x\\ny\", d: 5, e: [] } } }",
    '[0].request_headers.set.a b: "a b" is no name of a field: it is a token (RFC 9110 ' + "section 5.6.2)",
    "[0].request_headers.set.c: the value has a control character, such as the end of a line",
    "[0].request_headers.set.d: found 5; allowed: a text, or a list of texts",
    "[0].request_headers.set.e: found an empty list; allowed: at least one text",
  ],
  [
    "a field twice",
    "{ cluster: web, response_headers: { set: { a: x, A: y } } }",
    '[0].response_headers.set.A: "a" is the same field, and is there already: write a list of ' + "values",
  ],
  [
    "no changes",
    "{ cluster: web, response_headers: {} }",
    "[0].response_headers: changes nothing: it needs set, add or remove",
  ],
  [
    "a mirror",
    "{ cluster: web, mirror: { percent: 101 } }",
    "[0].mirror.cluster: missing; it is the name of a cluster",
    "[0].mirror.percent: found 101; allowed: a number from 0 to 100",
  ],
  [
    "hashes",
    "{ cluster: hashing, hash: [{}, { header: a, cookie: b }, { source: false }, { cookie: 'a " + "b' }] }",
    "[0].hash[0]: needs exactly one of header, cookie, query and source",
    '[0].hash[1].cookie: "header" is there too; allowed: exactly one of header, cookie, query ' + "and source",
    "[0].hash[2].source: found false; allowed: true",
    '[0].hash[3].cookie: "a b" is not a name: those have letters, digits and some signs',
  ],
  [
    "a hash in vain",
    "{ cluster: web, hash: [{ source: true }] }",
    "[0].hash: no cluster of this route has the balancer ring_hash or maglev",
  ],
  [
    "a retry for no reason",
    "{ cluster: web, retry: { attempts: 3 } }",
    '[0].retry: says no reason to send a request again: it needs "on" or "statuses"',
  ],
  [
    "a retry",
    "{ cluster: web, retry: { on: [timeout, reste], statuses: [99], attempts: 0, back_off_ms: 300 }, " +
      "response_timeout_ms: 0 }",
    '[0].retry.on[0]: "timeout" never happens: neither per_try_timeout_ms nor response_timeout_ms is set',
    '[0].retry.on[1]: found "reste"; allowed: one of connect-failure, reset, timeout, ' +
      "gateway-error, 5xx, conflict",
    "[0].retry.statuses[0]: found 99; allowed: a whole number from 200 to 599",
    "[0].retry.attempts: found 0; allowed: a whole number from 1 to 100",
    "[0].retry.back_off_ms: back_off_ms, 300, is more than max_back_off_ms, 250",
  ],
  [
    "times",
    "{ cluster: web, timeout_ms: -1, response_timeout_ms: x, allow_connect: yes }",
    "[0].timeout_ms: found -1; allowed: a whole number from 0 to 2061083647",
    '[0].response_timeout_ms: found "x"; allowed: a whole number from 0 to 2061083647',
    '[0].allow_connect: found "yes"; allowed: true or false',
  ],
  [
    "a route behind one for everything",
    "{ cluster: web, name: all }, { match: { path: /a }, cluster: web }",
    '[1]: is never reached: "all" (listeners[1].routes[0]) takes all of its requests',
  ],
  [
    "a route behind the prefix of all paths",
    "{ match: { prefix: / }, cluster: web }, { cluster: web }",
    "[1]: is never reached: listeners[1].routes[0] takes all of its requests",
  ],
  [
    "a route below the prefix of another",
    "{ match: { prefix: /a/ }, cluster: web }, { match: { prefix: /a/b }, cluster: web }, { " +
      "match: { prefix: /ab }, cluster: web }",
    "[1]: is never reached: listeners[1].routes[0] takes all of its requests",
  ],
];

/** Virtual hosts, and all problems that they have. */
const BAD_HOSTS: readonly (readonly [name: string, hosts: string, ...problems: string[]])[] = [
  [
    "domains that are none",
    "{ domains: [a.b, '*.a.b', 'a:80', 'ä', 'x*', '*.a.*'], routes: [{ cluster: web }] }",
    '[0].domains[2]: "a:80" has a port: hosts are compared without one',
    '[0].domains[3]: "ä" is no host; names beyond ASCII are written as xn--...',
    '[0].domains[4]: "x*" has a "*" that is not its first or last label, as in *.example.com',
    '[0].domains[5]: "*.a.*" has a "*" that is not its first or last label, as in ' + "*.example.com",
  ],
  [
    "a domain twice",
    "{ domains: [a.b], routes: [{ cluster: web }] }, { domains: ['[::1]', 1.2.3.4, 'a.*', " +
      "A.B], routes: [{ cluster: web }] }",
    '[1].domains[3]: "A.B" is a domain of this listener already: ' + "listeners[1].virtual_hosts[0].domains[0]",
  ],
  [
    "nothing in it",
    "{ name: '', domains: [], routes: [] }",
    '[0].name: found ""; allowed: a name that is not empty',
    "[0].domains: found an empty list; allowed: at least one domain",
    "[0].routes: found an empty list; allowed: at least one route",
  ],
];

describe("a bad route", () => {
  for (const [name, routes, ...expected] of BAD_ROUTES) {
    it(`is told what is wrong with ${name}`, () => {
      assert.deepEqual(problemsBelow("listeners[1].routes", withRoutes(routes)), expected);
    });
  }

  it("is told what the engine says about its regular expressions", () => {
    const route = "{ match: { regex: '/v(1', headers: [{ name: a, regex: '(?x' }] }, redirect: { regex: REPLACE } }";
    const routes = route.replace("REPLACE", "{ pattern: '[', replacement: '' }");
    const found = problemsBelow("listeners[1].routes", withRoutes(routes));
    const paths = ["match.regex", "match.headers[0].regex", "redirect.regex.pattern"];
    assert.equal(found.length, paths.length, found.join("\n"));
    for (const [index, path] of paths.entries()) {
      const start = `[0].${path}: not a regular expression (ECMAScript, flag u): `;
      assert.equal(found[index]?.slice(0, start.length), start);
      assert.match(found[index]?.slice(start.length) ?? "", /./);
    }
  });
});

describe("a bad virtual host", () => {
  for (const [name, hosts, ...expected] of BAD_HOSTS) {
    it(`is told what is wrong with ${name}`, () => {
      const text = withRoutes("").replace("routes: [] }]", `virtual_hosts: [${hosts}] }]`);
      assert.deepEqual(problemsBelow("listeners[1].virtual_hosts", text), expected);
    });
  }
});

interface Match {
  readonly path?: string;
  readonly prefix?: string;
  readonly methods?: readonly string[];
}

/** What a condition means, said in another way: a prefix as the list of its segments. */
function isTrue({ path, prefix, methods = [] }: Match, requested: string, method: string): boolean {
  if (methods.length > 0 && !methods.includes(method)) return false;
  if (path !== undefined) return requested === path;
  if (prefix === undefined) return true;
  // A slash at its end means nothing.
  const wanted = prefix.replace(/\/$/, "").split("/");
  const found = requested.split("/");
  return wanted.every((segment, index) => found[index] === segment);
}

describe("checkReached()", () => {
  const path = fc.array(fc.constantFrom("a", "b", ""), { maxLength: 3 }).map((segments) => `/${segments.join("/")}`);
  const match: fc.Arbitrary<Match> = fc
    .tuple(
      fc.oneof(fc.constant({}), fc.record({ path }), fc.record({ prefix: path })),
      fc.oneof(fc.constant({}), fc.record({ methods: fc.subarray(["GET", "PUT"]) })),
    )
    .map(([one, other]) => ({ ...one, ...other }));

  it("never refuses a route that a request would reach", () => {
    fc.assert(
      fc.property(
        fc.array(match, { maxLength: 4 }),
        path,
        fc.constantFrom("GET", "PUT"),
        (matches, requested, method) => {
          const sections = matches
            .map((match, index) => Section.of(["routes", index], { match }))
            .filter((one) => one !== null);
          const refused = checkReached(sections).map((problem) => problem.path[1]);
          const reached = matches.findIndex((match) => isTrue(match, requested, method));
          assert.ok(!refused.includes(reached), `${requested}: ${JSON.stringify(matches)}`);
        },
      ),
    );
  });

  it("refuses the second of equal routes without methods", () => {
    fc.assert(
      fc.property(match, (match) => {
        const sections = [match, match].map((one, index) => Section.of(["routes", index], { match: one }));
        const found = checkReached(sections.filter((one) => one !== null));
        assert.equal(found.length, (match.methods ?? []).length === 0 ? 1 : 0);
      }),
    );
  });
});
