/** What a route does with a request: where it goes, and what becomes of its target. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { textOf } from "../../../http/test_messages.ts";
import { hashBytes } from "../../hash.ts";
import { ascii } from "../bytes.ts";
import { RewriteError } from "./path_change.ts";
import { Route } from "./route.ts";
import type { HashKey, Redirect, Rewrite, RouteMatch, RouteOptions, WeightedCluster } from "./route_options.ts";
import { naiveDecoded } from "./test_naive_routes.ts";
import { parsed, type RequestText, routeOptions } from "./test_routes.ts";

const CONFIG = { code: "ERR_CONFIG" };

function make(match: Partial<RouteMatch>, options: Partial<Omit<RouteOptions, "match">>): Route {
  return new Route(routeOptions(match, options), "");
}

/** The new target, null, or why there is none. */
function rewritten(match: Partial<RouteMatch>, rewrite: Rewrite, request: RequestText): string | null {
  const { head, memory, base } = parsed(request);
  const target = make(match, { rewrite }).rewriteTarget(head, memory, base);
  if (target instanceof RewriteError) return target.message;
  return target === null ? null : textOf(target);
}

function redirected(
  redirect: Partial<Redirect>,
  request: RequestText,
  { match = {}, isTls = false }: { match?: Partial<RouteMatch>; isTls?: boolean } = {},
): string {
  const { head, memory, base } = parsed(request);
  const action = { type: "redirect", redirect: { stripQuery: false, status: 301, ...redirect } } as const;
  const location = make(match, { action }).redirectLocation(head, memory, base, isTls);
  return location instanceof RewriteError ? location.message : location;
}

describe("rewriteTarget()", () => {
  for (const [prefix, replacement, target, expected] of [
    // The table of the Gateway API's ReplacePrefixMatch.
    ["/foo", "/xyz", "/foo/bar", "/xyz/bar"],
    ["/foo", "/xyz/", "/foo/bar", "/xyz/bar"],
    ["/foo/", "/xyz", "/foo/bar", "/xyz/bar"],
    ["/foo/", "/xyz/", "/foo/bar", "/xyz/bar"],
    ["/foo", "/xyz", "/foo", "/xyz"],
    ["/foo", "/xyz", "/foo/", "/xyz/"],
    ["/foo", "", "/foo/bar", "/bar"],
    ["/foo", "", "/foo/", "/"],
    ["/foo", "", "/foo", "/"],
    ["/foo", "/", "/foo/", "/"],
    ["/foo", "/", "/foo", "/"],
    ["/", "/xyz", "/bar?q", "/xyz/bar?q"],
    ["/", "/xyz", "/", "/xyz/"],
    ["/", "/", "/bar", "/bar"],
    ["/foo", "/xyz", "/foo?a=/foo", "/xyz?a=/foo"],
    ["/foo", "/xyz", "/%66oo/%2F", "/xyz/%2F"],
    ["/foo", "/xyz", "http://a/foo/b?c", "/xyz/b?c"],
    ["/", "/xyz", "http://a?c", "/xyz/?c"],
  ] as const) {
    it(`makes ${expected} of ${target} with ${replacement || "nothing"} for ${prefix}`, () => {
      assert.equal(rewritten({ prefix }, { prefix: replacement }, { target }), expected);
    });
  }

  it("replaces a prefix as the naive implementation does", () => {
    const segments = fc.array(fc.constantFrom("a", "b", "", "%61", "%2f"), { maxLength: 3 });
    const paths = segments.map((parts) => `/${parts.join("/")}`);
    const plain = fc.constantFrom("/", "/a", "/a/", "/a/b", "/b");
    fc.assert(
      fc.property(plain, fc.oneof(plain, fc.constant("")), paths, (prefix, replacement, rest) => {
        const path = `${prefix.replace(/\/$/, "")}${rest}`;
        const trimmed = prefix.replace(/\/$/, "").length;
        const joined = `${replacement.replace(/\/$/, "")}${naiveDecoded(path).slice(trimmed)}`;
        assert.equal(rewritten({ prefix }, { prefix: replacement }, { target: path }), joined === "" ? "/" : joined);
      }),
    );
  });

  it("replaces the whole path, and keeps the query", () => {
    assert.equal(rewritten({}, { path: "/x" }, { target: "/a/b?c=d" }), "/x?c=d");
    assert.equal(rewritten({}, { path: "/x" }, { target: "http://a" }), "/x");
  });

  it("replaces all matches of a pattern", () => {
    const swap = { regex: { pattern: "^/user/(?<id>\\d+)/(.*)$", replacement: "/$2/$<id>" } };
    assert.equal(rewritten({}, swap, { target: "/user/7/name?x" }), "/name/7?x");
    assert.equal(rewritten({}, swap, { target: "/other?x" }), "/other?x");
    assert.equal(rewritten({}, { regex: { pattern: "a", replacement: "b" } }, { target: "/aXa?a" }), "/bXb?a");
    const route = make({}, { rewrite: { regex: { pattern: "a", replacement: "b" } } });
    for (const target of ["/a", "/a"]) {
      const { head, memory, base } = parsed({ target });
      assert.deepEqual(route.rewriteTarget(head, memory, base), ascii("/b"), "a second time");
    }
  });

  it("joins the query of a replacement and of the request", () => {
    const rewrite = { regex: { pattern: "^/(.+)$", replacement: "/find?id=$1" } };
    assert.equal(rewritten({}, rewrite, { target: "/7" }), "/find?id=7");
    assert.equal(rewritten({}, rewrite, { target: "/7?x=y" }), "/find?id=7&x=y");
  });

  it("says why a pattern's result is no target", () => {
    for (const [pattern, replacement, problem] of [
      ["^/", "", /begin with a slash/],
      [".*", "", /begin with a slash/],
      ["b", " ", /percent-encoded/],
      ["b", "\r\nx: y", /percent-encoded/],
      ["b", "ü", /percent-encoded/],
      ["b", "#", /percent-encoded/],
      ["b", "/../x", /segment/],
      ["[a-z]", "", /segment/],
      ["x", "", /segment/],
    ] as const) {
      const result = rewritten({}, { regex: { pattern, replacement } }, { target: "/b/.x.x" }) ?? "";
      assert.match(result, problem, pattern);
    }
    assert.equal(rewritten({}, { regex: { pattern: "b", replacement: "?/../" } }, { target: "/b" }), "/?/../");
  });

  it("leaves targets without a path alone, and all of them without a rewrite", () => {
    assert.equal(rewritten({}, { path: "/x" }, { method: "OPTIONS", target: "*" }), null);
    assert.equal(rewritten({}, { path: "/x" }, { method: "CONNECT", target: "a:1" }), null);
    assert.equal(rewritten({}, { host: "b" }, { target: "/" }), null);
  });

  it("refuses what can't be a rewrite", () => {
    for (const [match, rewrite] of [
      [{}, { prefix: "/x" }],
      [{ path: "/a" }, { prefix: "/x" }],
      [{ prefix: "/a" }, { prefix: "x" }],
      [{ prefix: "/a" }, { prefix: "/x", path: "/y" }],
      [{}, { path: "" }],
      [{}, { path: "/a/.." }],
      [{}, { path: "/a\r\n" }],
      [{}, { regex: { pattern: "(", replacement: "" } }],
      [{}, { host: "a b" }],
      [{}, { host: "" }],
      [{}, { host: "a", hostFromEndpoint: true }],
      [{}, { host: "a\r\nx: y" }],
    ] as const) {
      assert.throws(() => make(match, { rewrite }), CONFIG, JSON.stringify(rewrite));
    }
    make({}, { rewrite: { host: "[::1]:80" } });
  });
});

describe("redirectLocation()", () => {
  it("is a path if only path and query change", () => {
    for (const [redirect, target, expected] of [
      [{ path: "/new" }, "/old", "/new"],
      [{ path: "/new" }, "/old?a=b", "/new?a=b"],
      [{ path: "/new", stripQuery: true }, "/old?a=b", "/new"],
      [{ stripQuery: true }, "/old?a=b", "/old"],
      [{ prefix: "/new" }, "/old/x?y", "/new/x?y"],
      [{ regex: { pattern: "^/old/(.*)", replacement: "/new?$1" } }, "/old/x?y", "/new?x&y"],
      [{ path: "/new" }, "http://b/old", "/new"],
    ] as const) {
      assert.equal(redirected(redirect, { target }, { match: { prefix: "/old" } }), expected);
    }
  });

  it("is never a path that is another host", () => {
    const match = { prefix: "/go" };
    for (const [target, expected] of [
      ["/go//evil.example/x", "/evil.example/x"],
      ["/go///evil.example", "/evil.example"],
      ["/go/\\evil.example", "/evil.example"],
      ["/go/\\/\\evil.example?//", "/evil.example?//"],
      ["/go", "/"],
      ["/go/", "/"],
      ["/go//", "/"],
      ["/go/%2Fevil.example", "/%2Fevil.example"],
    ] as const) {
      const location = redirected({ prefix: "/" }, { target }, { match });
      assert.equal(location, expected);
      assert.equal(new URL(location, "http://good.example").host, "good.example");
    }
    assert.equal(redirected({ stripQuery: true }, { target: "//evil.example/?x" }), "/evil.example/");
    const swap = { regex: { pattern: "^/go", replacement: "" } };
    assert.equal(redirected(swap, { target: "/go//evil.example" }), "/evil.example");
  });

  it("is a URL if the scheme, the host or the port changes", () => {
    for (const [redirect, host, isTls, expected] of [
      [{ scheme: "https" }, "a.example", false, "https://a.example/x?y"],
      [{ scheme: "https" }, "a.example:8080", false, "https://a.example/x?y"],
      [{ scheme: "https", port: 8443 }, "a.example:8080", false, "https://a.example:8443/x?y"],
      [{ scheme: "https", port: 443 }, "a.example", false, "https://a.example/x?y"],
      [{ scheme: "http" }, "a.example:8080", false, "http://a.example:8080/x?y"],
      [{ scheme: "http" }, "a.example", true, "http://a.example/x?y"],
      [{ host: "b.example" }, "a.example", false, "http://b.example/x?y"],
      [{ host: "b.example" }, "a.example", true, "https://b.example/x?y"],
      [{ host: "b.example" }, "a.example:8080", false, "http://b.example:8080/x?y"],
      [{ host: "b.example", port: 80 }, "a.example:8080", false, "http://b.example/x?y"],
      [{ port: 81 }, "[::1]:80", false, "http://[::1]:81/x?y"],
      [{ host: "b.example", path: "/" }, "", false, "http://b.example/?y"],
      [{ host: "b.example" }, "a.example:", false, "http://b.example/x?y"],
      [{ scheme: "https" }, "", false, "The request names no host, and the redirect's URL needs one"],
    ] as const) {
      assert.equal(redirected(redirect, { target: "/x?y", host }, { isTls }), expected);
    }
    assert.equal(redirected({ scheme: "https" }, { target: "//b.example/" }), "https://a//b.example/");
    assert.equal(redirected({ scheme: "https" }, { target: "http://b.example:80" }), "https://b.example/");
    assert.equal(redirected({ scheme: "https" }, { method: "OPTIONS", target: "*" }), "https://a/");
  });

  it("says why there is none", () => {
    const regex = { pattern: "x", replacement: "\n" };
    assert.match(redirected({ regex }, { target: "/x" }), /percent-encoded/);
    const { head, memory, base } = parsed({});
    assert.ok(make({}, {}).redirectLocation(head, memory, base, false) instanceof RewriteError);
  });

  it("refuses what can't be a redirect", () => {
    for (const redirect of [
      {},
      { host: "a:80" },
      { host: "a/b" },
      { host: "a\r\nb" },
      { port: 0 },
      { port: 65536 },
      { port: 1.5 },
      { path: "//x y" },
      { prefix: "/x" },
      { path: "/x", regex: { pattern: "x", replacement: "" } },
    ]) {
      assert.throws(() => redirected(redirect, {}), CONFIG, JSON.stringify(redirect));
    }
  });
});

describe("pickCluster()", () => {
  function pick(clusters: readonly WeightedCluster[], random: number): string {
    return make({}, { action: { type: "clusters", clusters } }).pickCluster(random);
  }

  it("gives each cluster its share", () => {
    const clusters = [
      { cluster: "none", weight: 0 },
      { cluster: "a", weight: 90 },
      { cluster: "b", weight: 10 },
      { cluster: "zero", weight: 0 },
    ];
    for (const [random, expected] of [
      [0, "a"],
      [0.899, "a"],
      [0.9, "b"],
      [1 - 2 ** -53, "b"],
    ] as const) {
      assert.equal(pick(clusters, random), expected);
    }
    assert.equal(pick([{ cluster: "only", weight: 1 }], 0.5), "only");
    const counts = new Map<string, number>();
    for (let step = 0; step < 1000; step++) {
      const cluster = pick(clusters, step / 1000);
      counts.set(cluster, (counts.get(cluster) ?? 0) + 1);
    }
    assert.deepEqual([...counts], Object.entries({ a: 900, b: 100 }));
  });

  it("refuses weights that choose nothing", () => {
    for (const weight of [0, -1, 0.5, 1_000_001, Number.NaN]) {
      assert.throws(() => pick([{ cluster: "a", weight }], 0), CONFIG, String(weight));
    }
    assert.throws(() => pick([], 0), CONFIG);
  });
});

describe("mirrors()", () => {
  it("names the cluster for its part of the requests", () => {
    const ten = make({}, { mirror: { cluster: "shadow", percent: 10 } });
    assert.deepEqual([ten.mirrors(0), ten.mirrors(0.0999), ten.mirrors(0.1)], ["shadow", "shadow", null]);
    assert.equal(make({}, { mirror: { cluster: "shadow", percent: 100 } }).mirrors(1 - 2 ** -53), "shadow");
    assert.equal(make({}, { mirror: { cluster: "shadow", percent: 0 } }).mirrors(0), null);
    assert.equal(make({}, {}).mirrors(0), null);
  });
});

describe("hash()", () => {
  const client = ascii("192.0.2.1");

  function hash(keys: readonly HashKey[], request: RequestText): number {
    const { head, memory, base } = parsed(request);
    return make({}, { hash: keys }).hash(head, memory, base, client);
  }

  function hashOf(text: string): number {
    const bytes = ascii(text);
    return hashBytes(bytes, 0, bytes.length, 0);
  }

  it("is of the first key that the request has", () => {
    const keys: readonly HashKey[] = [
      { type: "cookie", name: "session" },
      { type: "header", name: "X-User" },
      { type: "query", name: "user" },
    ];
    const fields = ["x-user: jo", "X-User: other"];
    const cookies = ["Cookie: a=b; session=s1", "Cookie: session=s2"];
    assert.equal(hash(keys, { target: "/?user=q", fields: [...fields, ...cookies] }), hashOf("s1"));
    assert.equal(hash(keys, { target: "/?user=q", fields }), hashOf("jo"));
    assert.equal(hash(keys, { target: "/?user=q+%71" }), hashOf("q q"));
    assert.equal(hash(keys, {}), -1);
    assert.equal(hash([...keys, { type: "source" }], {}), hashOf("192.0.2.1"));
    assert.equal(hash([], {}), -1);
    assert.equal(hash([{ type: "header", name: "accept" }], { fields: ["Accept: x"] }), hashOf("x"));
  });

  it("finds cookies as servers do, and passes over empty values", () => {
    const keys: readonly HashKey[] = [{ type: "cookie", name: "s" }];
    for (const [cookie, expected] of [
      ["s=1", "1"],
      ["a=b;s=1;c=d", "1"],
      ["a=b;  s=1 ; c", "1"],
      ["xs=2; s=1", "1"],
      ["a=s=2; s=1", "1"],
      ["S=1", null],
      ["s", null],
      ["s=", null],
      ["as=1", null],
      ["", null],
      ["s==", "="],
    ] as const) {
      assert.equal(hash(keys, { fields: [`Cookie: ${cookie}`] }), expected === null ? -1 : hashOf(expected), cookie);
    }
    assert.equal(hash([{ type: "header", name: "x" }], { fields: ["x:"] }), -1);
  });

  it("refuses keys without a name", () => {
    for (const type of ["header", "cookie", "query"] as const) {
      assert.throws(() => hash([{ type, name: "" }], {}), CONFIG);
    }
    assert.throws(() => hash([{ type: "cookie", name: "a=b" }], {}), CONFIG);
  });
});
