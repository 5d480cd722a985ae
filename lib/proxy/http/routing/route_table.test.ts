/** Which route a request gets: each condition by example, and random tables against the naive implementation. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { RingwayError } from "../../../../ffi/errors.ts";
import type { NamedMatch, RouteMatch, VirtualHostOptions } from "./route_options.ts";
import { RouteTable } from "./route_table.ts";
import { naiveRoute } from "./test_naive_routes.ts";
import { type ParsedRequest, parsed, type RequestText, routeOptions, virtualHost } from "./test_routes.ts";

function routeOf(table: RouteTable, request: RequestText): string | null {
  const { head, memory, base } = parsed(request);
  const route = table.match(head, memory, base);
  return route === null ? null : `${route.virtualHost}/${route.name}`;
}

function isFor(match: Partial<RouteMatch>, request: RequestText): boolean {
  return routeOf(new RouteTable([virtualHost(["*"], [match])]), request) !== null;
}

function refuses(table: RouteTable, { head, memory, base }: ParsedRequest): boolean {
  return table.refuses(head, memory, base);
}

describe("the host", () => {
  const table = new RouteTable(
    ["a.example", "*.example", "*.b.example", "c.*", "c.d.*", "*.both.test", "x.*", "[::1]", "*"].map((domain) =>
      virtualHost([domain], [{}]),
    ),
  );
  for (const [host, domain] of [
    ["a.example", "a.example"],
    ["A.Example:8080", "a.example"],
    ["a.example.", "a.example"],
    ["z.example", "*.example"],
    ["z.a.example", "*.example"],
    ["z.b.example", "*.b.example"],
    ["b.example", "*.example"],
    [".example", "*"],
    ["example", "*"],
    ["aexample", "*"],
    ["c.test", "c.*"],
    ["c.d.e:1", "c.d.*"],
    ["c.", "*"],
    ["c", "*"],
    ["x.both.test", "*.both.test"],
    ["[::1]:80", "[::1]"],
    ["", "*"],
  ] as const) {
    it(`${host || "that is missing"} is ${domain}`, () => {
      assert.equal(routeOf(table, { host }), `${domain}/0`);
    });
  }

  it("of an absolute target wins over the Host field", () => {
    assert.equal(routeOf(table, { target: "http://a.example/", host: "z.example" }), "a.example/0");
  });

  it("that has no route for a request does not hand it on to a wildcard", () => {
    const hosts = [virtualHost(["a"], [{ path: "/only" }]), virtualHost(["*"], [{}])];
    assert.equal(routeOf(new RouteTable(hosts), { host: "a" }), null);
    assert.equal(routeOf(new RouteTable([]), { host: "a" }), null);
    assert.equal(routeOf(new RouteTable([virtualHost(["a"], [{}])]), { host: "b" }), null);
  });
});

describe("the path", () => {
  for (const [match, target, expected] of [
    [{ prefix: "/api" }, "/api", true],
    [{ prefix: "/api" }, "/api/", true],
    [{ prefix: "/api" }, "/api/x", true],
    [{ prefix: "/api" }, "/api?x", true],
    [{ prefix: "/api" }, "/apis", false],
    [{ prefix: "/api" }, "/ap", false],
    [{ prefix: "/api" }, "/API", false],
    [{ prefix: "/api/" }, "/api", true],
    [{ prefix: "/api/" }, "/api/x", true],
    [{ prefix: "/api/" }, "/apis", false],
    [{ prefix: "/" }, "/anything", true],
    [{ prefix: "/" }, "http://a", true],
    [{ prefix: "/api" }, "/%61p%69/x", true],
    [{ prefix: "/%61pi" }, "/api", true],
    [{ prefix: "/api" }, "/api%2fx", false],
    [{ prefix: "/api" }, "//api", false],
    [{ path: "/old" }, "/old", true],
    [{ path: "/old" }, "/old?x=/", true],
    [{ path: "/old" }, "/old/", false],
    [{ path: "/old" }, "/ol", false],
    [{ path: "/" }, "http://a", true],
    [{ path: "/" }, "http://a?x", true],
    [{ path: "/x" }, "http://a/x?y", true],
    [{ regex: "/v[0-9]+/health" }, "/v12/health", true],
    [{ regex: "/v[0-9]+/health" }, "/v12/health/", false],
    [{ regex: "/v[0-9]+/health" }, "/x/v1/health", false],
    [{ regex: "/a|/b" }, "/bc", false],
    [{ regex: "/x", prefix: "/y" }, "/x", false],
  ] as const) {
    it(`${target} is ${expected ? "" : "not "}${JSON.stringify(match)}`, () => {
      assert.equal(isFor(match, { target }), expected);
    });
  }

  it("is missing in the other forms of a target", () => {
    for (const request of [
      { method: "OPTIONS", target: "*" },
      { method: "CONNECT", target: "a:443" },
    ]) {
      assert.equal(isFor({ prefix: "/x" }, request), false);
      assert.equal(isFor({ regex: ".*" }, request), false);
      assert.equal(isFor({ path: "/" }, request), false);
      assert.equal(isFor({ prefix: "/" }, request), true);
      assert.equal(isFor({ methods: [request.method] }, request), true);
    }
  });

  it("may be longer than what is kept for decoding", () => {
    const tail = "x".repeat(5000);
    assert.equal(isFor({ path: `/a${tail}` }, { target: `/%61${tail}` }), true);
  });
});

describe("methods, headers and query", () => {
  it("compares methods as they are written", () => {
    for (const [methods, method, expected] of [
      [["GET", "POST"], "POST", true],
      [["GET"], "HEAD", false],
      [["GET"], "get", false],
      [["PURGE"], "PURGE", true],
      [["PURGE"], "PURGES", false],
      [["PURGE", "GET"], "REPORT", false],
    ] as const) {
      assert.equal(isFor({ methods }, { method }), expected, method);
    }
  });

  it("wants one of several fields", () => {
    const fields = ["X-A: 1", "x-a:  2 ", "Accept: text/html", "X-Empty:"];
    for (const [header, expected] of [
      [{ name: "x-a", exact: "2" }, true],
      [{ name: "X-A", exact: "3" }, false],
      [{ name: "accept", prefix: "text/" }, true],
      [{ name: "accept", prefix: "text/htmlx" }, false],
      [{ name: "Accept", exact: "text" }, false],
      [{ name: "accept", regex: "text/.*" }, true],
      [{ name: "accept", regex: "text" }, false],
      [{ name: "x-empty", exact: "" }, true],
      [{ name: "x-empty", present: true }, true],
      [{ name: "x-none", present: true }, false],
      [{ name: "x-none", present: false }, true],
      [{ name: "x-a", present: false }, false],
      [{ name: "cookie", present: false }, true],
    ] as const) {
      assert.equal(isFor({ headers: [header] }, { fields }), expected, JSON.stringify(header));
    }
  });

  it("compares values beyond ASCII as UTF-8", () => {
    const fields = ["X-A: \xc3\xbc"];
    assert.equal(isFor({ headers: [{ name: "x-a", exact: "ü" }] }, { fields }), true);
    assert.equal(isFor({ headers: [{ name: "x-a", regex: "." }] }, { fields }), true);
    assert.equal(isFor({ query: [{ name: "ü", exact: "ö" }] }, { target: "/?%C3%BC=%c3%b6" }), true);
  });

  it("compares parameters decoded", () => {
    const target = "/?a=1&a=%32&b+c=d%20e+f&g&&=x&h=%zz%4&i=j=k&l=;m=n";
    for (const [parameter, expected] of [
      [{ name: "a", exact: "2" }, true],
      [{ name: "A", exact: "2" }, false],
      [{ name: "b c", exact: "d e f" }, true],
      [{ name: "b c", prefix: "d e" }, true],
      [{ name: "b c", regex: "d.*f" }, true],
      [{ name: "g", exact: "" }, true],
      [{ name: "g", present: true }, true],
      [{ name: "h", exact: "%zz%4" }, true],
      [{ name: "i", exact: "j=k" }, true],
      [{ name: "m", present: false }, true],
      [{ name: "a", present: false }, false],
    ] as const) {
      assert.equal(isFor({ query: [parameter] }, { target }), expected, JSON.stringify(parameter));
    }
    assert.equal(isFor({ query: [{ name: "a", present: false }] }, { target: "/a" }), true);
    assert.equal(
      isFor({ query: [{ name: "a", exact: "x".repeat(999) }] }, { target: `/?a=${"%78".repeat(999)}` }),
      true,
    );
  });

  it("wants all conditions, and takes the first route", () => {
    const matches = [{ prefix: "/a", methods: ["POST"] }, { prefix: "/a" }, { prefix: "/a/b" }, {}];
    const table = new RouteTable([virtualHost(["*"], matches)]);
    assert.equal(routeOf(table, { method: "POST", target: "/a/b" }), "*/0");
    assert.equal(routeOf(table, { target: "/a/b" }), "*/1");
    assert.equal(routeOf(table, { method: "POST", target: "/b" }), "*/3");
  });
});

describe("a table", () => {
  const noCondition: NamedMatch[] = [];

  it("agrees with the naive implementation", () => {
    const host = fc.constantFrom("a.b", "b.a.b", "A.B.c", "c", "a", "a.b.", "x.a.b.c");
    const domain = fc.constantFrom("*", "a.b", "*.b", "*.a.b", "a.*", "A.b.*", "c", "*.C", "a");
    const path = fc
      .array(fc.constantFrom("/", "/", "a", "b", "%61", "%2F", "%2", "A"), { maxLength: 5 })
      .map((parts) => `/${parts.join("")}`);
    const value = fc.constantFrom("", "1", "12", "2");
    const text = fc.oneof(
      value.map((exact) => ({ exact })),
      fc.constantFrom("1", "12").map((prefix) => ({ prefix })),
      fc.constantFrom("1.*", "[12]", "1|2").map((regex) => ({ regex })),
      fc.boolean().map((present) => ({ present })),
    );
    const header = fc.tuple(fc.constantFrom("x-a", "Accept"), text).map(([name, match]) => ({ name, ...match }));
    const parameter = fc.tuple(fc.constantFrom("a", "b c"), text).map(([name, match]) => ({ name, ...match }));
    const somePath = fc.constantFrom("/a", "/a/", "/", "/b", "/a/b", "/aa", "/A");
    const match: fc.Arbitrary<Partial<RouteMatch>> = fc.record(
      {
        path: somePath,
        prefix: somePath,
        regex: fc.constantFrom("/a+", "/.*b", "/|/a", "/a%2Fb"),
        methods: fc.subarray(["GET", "POST", "PURGE"]),
        headers: fc.oneof(fc.constant(noCondition), fc.array(header, { maxLength: 2 })),
        query: fc.oneof(fc.constant(noCondition), fc.array(parameter, { maxLength: 2 })),
      },
      { requiredKeys: [] },
    );
    const hosts: fc.Arbitrary<VirtualHostOptions[]> = fc
      .uniqueArray(domain, { maxLength: 5, selector: (name) => name.toLowerCase() })
      .chain((domains) =>
        fc.tuple(...domains.map((name) => fc.array(match, { maxLength: 4 }).map((all) => virtualHost([name], all)))),
      );
    const request = fc.record({
      method: fc.constantFrom("GET", "POST", "PURGE", "REPORT", "OPTIONS"),
      path,
      query: fc
        .array(fc.constantFrom("a=1", "a=%31%32", "b+c=2", "b%20c", "&", "a", "x"), { maxLength: 3 })
        .map((parts) => parts.join("&")),
      host,
      fields: fc.array(fc.tuple(fc.constantFrom("X-A", "x-a", "accept", "x-b"), value), { maxLength: 3 }),
      isAsterisk: fc.boolean(),
    });
    fc.assert(
      fc.property(hosts, request, (options, { method, path: somewhere, query, host: name, fields, isAsterisk }) => {
        const hasPath = method !== "OPTIONS" || !isAsterisk;
        const target = hasPath ? `${somewhere}?${query}` : "*";
        const lines = fields.map(([field, content]) => `${field}: ${content}`);
        const found = routeOf(new RouteTable(options), { method, target, host: `${name}:80`, fields: lines });
        const naive = { method, path: hasPath ? somewhere : null, query: hasPath ? query : "", host: name, fields };
        assert.equal(found, naiveRoute(options, naive));
      }),
      { numRuns: 2000 },
    );
  });

  it("answers with the only route at once, whatever the request", () => {
    const table = new RouteTable([virtualHost(["*"], [{}, { path: "/x" }])]);
    const { head } = parsed({});
    // Nothing of the request is looked at.
    assert.equal(table.match(head, new Uint8Array(0), 0)?.name, "0");
    assert.deepEqual(
      table.routes.map(({ name }) => name),
      ["0", "1"],
    );
  });

  it("refuses dot segments where the path decides something, and only there", () => {
    const dots = parsed({ target: "/a/%2e%2E/b?c=/../" });
    const none = parsed({ target: "/a?b=/../c" });
    for (const [table, expected] of [
      [new RouteTable([virtualHost(["*"], [{}])]), false],
      [new RouteTable([virtualHost(["*"], [{ prefix: "/" }])]), false],
      [new RouteTable([virtualHost(["*"], [{ prefix: "/a" }])]), true],
      [new RouteTable([virtualHost(["*"], [{ regex: "/.*" }, {}])]), true],
      [tableWith(routeOptions({ prefix: "/" }, { rewrite: { prefix: "/x" } })), true],
      [tableWith(routeOptions({}, { rewrite: { regex: { pattern: "^/a", replacement: "/b" } } })), true],
      [tableWith(routeOptions({}, { rewrite: { path: "/x" } })), false],
      [
        tableWith(
          routeOptions(
            { prefix: "/" },
            { action: { type: "redirect", redirect: { prefix: "/x", stripQuery: false, status: 301 } } },
          ),
        ),
        true,
      ],
    ] as const) {
      assert.equal(table.looksAtPath, expected);
      assert.equal(refuses(table, dots), expected);
      assert.equal(refuses(table, none), false);
      assert.equal(refuses(table, parsed({ target: "http://a?/../" })), false);
      assert.equal(refuses(table, parsed({ method: "OPTIONS", target: "*" })), false);
    }
  });

  it("names the route and the key of what can't be compiled", () => {
    const plain = { methods: [], headers: [], query: [] };
    for (const [match, pattern] of [
      [{ regex: "(" }, /virtual host "\*", route "0": match\.regex: Not a regular expression .*[(]/],
      [{ regex: "a)(b" }, /match\.regex: Not a regular expression/],
      [{ regex: "" }, /match\.regex: .*empty/],
      [{ path: "old" }, /match\.path: .*slash/],
      [{ prefix: "/a?b" }, /match\.prefix: .*query/],
      [{ prefix: "/a b" }, /match\.prefix: .*percent-encode/],
      [{ prefix: "/a/../b" }, /match\.prefix: .*segment/],
      [{ methods: ["get"] }, /match\.methods: .*small letters/],
      [{ methods: ["G T"] }, /match\.methods: .*token/],
      [{ headers: [{ name: "x y", exact: "" }] }, /match\.headers: x y: .*token/],
      [{ headers: [{ name: "x" }] }, /match\.headers: x: .*exactly one/],
      [{ headers: [{ name: "x", exact: "", prefix: "y" }] }, /match\.headers: x: .*exactly one/],
      [{ headers: [{ name: "x", prefix: "" }] }, /match\.headers: x: .*present/],
      [{ query: [{ name: "", exact: "" }] }, /match\.query: .*empty/],
      [{ query: [{ name: "x", regex: "[" }] }, /match\.query: x: Not a regular expression/],
    ] as const) {
      assert.throws(
        () => new RouteTable([virtualHost(["*"], [{ ...plain, ...match }])]),
        (error) => error instanceof RingwayError && error.code === "ERR_CONFIG" && pattern.test(error.message),
        JSON.stringify(match),
      );
    }
  });

  it("names a domain that is none, or is given twice", () => {
    for (const [domains, pattern] of [
      [["a b"], /no host/],
      [[""], /no host/],
      [["a:80"], /port/],
      [["a."], /dot/],
      [[".a"], /\*\.a/],
      [["*a"], /"\*a" has a "\*"/],
      [["a.*.b"], /has a "\*"/],
      [["*.[::1]"], /address/],
      [["a", "A"], /"A" is given more than once/],
      [["*", "*"], /more than once/],
      [["*.a", "*.a"], /more than once/],
      [["a.*", "a.*"], /more than once/],
    ] as const) {
      const make = (): RouteTable => new RouteTable(domains.map((domain) => virtualHost([domain], [{}])));
      assert.throws(make, { code: "ERR_CONFIG", message: pattern }, domains.join(" "));
    }
  });
});

function tableWith(route: ReturnType<typeof routeOptions>): RouteTable {
  return new RouteTable([{ name: "", domains: ["*"], routes: [route] }]);
}
