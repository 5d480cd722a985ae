import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { TestExchange, type TestFieldList, type TestReply } from "../test_exchange.ts";
import { cors } from "./cors.ts";
import { CorsOrigins, checkOrigin } from "./cors_origins.ts";
import type { CorsOptions } from "./options.ts";

const OPTIONS: CorsOptions = {
  allowOrigins: ["https://app.example", "https://*.wild.example"],
  allowMethods: ["GET", "PUT"],
  allowHeaders: ["X-Token", "Content-Type"],
  exposeHeaders: ["X-Count"],
  allowCredentials: true,
  maxAgeS: 600,
};
const PUBLIC: CorsOptions = {
  ...OPTIONS,
  allowOrigins: ["*"],
  allowMethods: ["*"],
  allowHeaders: ["*"],
  allowCredentials: false,
};

async function preflight(
  options: CorsOptions,
  { origin = "https://app.example", method = "PUT", headers = "" } = {},
): Promise<TestReply | null> {
  const fields: [string, string][] = [
    ["Origin", origin],
    ["Access-Control-Request-Method", method],
  ];
  if (headers !== "") fields.push(["Access-Control-Request-Headers", headers]);
  return await new TestExchange({ method: "OPTIONS", fields }).ask(cors(options));
}

/** The fields of the response to a GET. */
async function responseFields(
  options: CorsOptions,
  origin: string | null,
  fields: TestFieldList = [],
): Promise<Record<string, string>> {
  const exchange = new TestExchange({ fields: origin === null ? [] : [["Origin", origin]] });
  const filter = cors(options);
  assert.equal(await exchange.ask(filter), null);
  const response = await exchange.respond(filter, 200, fields);
  return Object.fromEntries(response.fields);
}

describe("cors: preflights", () => {
  it("answers one that is allowed", async () => {
    const reply = await preflight(OPTIONS, { headers: "x-token,CONTENT-TYPE" });
    assert.equal(reply?.status, 204);
    assert.equal(reply?.body, "");
    assert.deepEqual(Object.fromEntries(reply?.fields ?? []), {
      "Access-Control-Allow-Origin": "https://app.example",
      "Access-Control-Allow-Credentials": "true",
      "Access-Control-Allow-Methods": "GET, PUT",
      "Access-Control-Allow-Headers": "X-Token, Content-Type",
      "Access-Control-Max-Age": "600",
      Vary: "Origin",
    });
  });

  it("answers one that is not allowed without its fields", async () => {
    for (const request of [
      { origin: "https://evil.example" },
      { origin: "null" },
      { method: "DELETE" },
      { method: "put" },
      { headers: "x-token, x-other" },
      { headers: "x-token\u0000" },
    ]) {
      const reply = await preflight(OPTIONS, request);
      assert.equal(reply?.status, 204, JSON.stringify(request));
      assert.deepEqual([...(reply?.fields ?? [])], [["Vary", "Origin"]], JSON.stringify(request));
    }
  });

  it("allows methods that need no preflight", async () => {
    const reply = await preflight({ ...OPTIONS, allowMethods: [] }, { method: "POST" });
    assert.equal(reply?.fields.has("access-control-allow-origin"), true);
    assert.equal(reply?.fields.has("access-control-allow-methods"), false);
  });

  it("allows all with stars, but Authorization", async () => {
    const all = await preflight(PUBLIC, { origin: "null", method: "PURGE", headers: "x-a,x-b" });
    assert.equal(all?.fields.get("access-control-allow-origin"), "*");
    assert.equal(all?.fields.get("access-control-allow-methods"), "*");
    assert.equal(all?.fields.has("vary"), false);
    const secret = await preflight(PUBLIC, { headers: "authorization" });
    assert.equal(secret?.fields.has("access-control-allow-origin"), false);
    const named = await preflight({ ...PUBLIC, allowHeaders: ["*", "Authorization"] }, { headers: "authorization" });
    assert.equal(named?.fields.get("access-control-allow-headers"), "*, Authorization");
  });

  it("stands a list of very many headers", async () => {
    const headers = Array.from({ length: 20_000 }, (_, index) => `x-${index}`).join(",");
    assert.equal((await preflight(OPTIONS, { headers }))?.fields.has("access-control-allow-origin"), false);
  });

  it("passes on OPTIONS that is no preflight", async () => {
    const plain = new TestExchange({ method: "OPTIONS", fields: [["Origin", "https://app.example"]] });
    assert.equal(await plain.ask(cors(OPTIONS)), null);
    const noOrigin = new TestExchange({ method: "OPTIONS", fields: [["Access-Control-Request-Method", "PUT"]] });
    assert.equal(await noOrigin.ask(cors(OPTIONS)), null);
  });

  it("leaves its own answer as it is", async () => {
    const exchange = new TestExchange({
      method: "OPTIONS",
      fields: [
        ["Origin", "https://app.example"],
        ["Access-Control-Request-Method", "PUT"],
      ],
    });
    const filter = cors(OPTIONS);
    const reply = await exchange.ask(filter);
    const response = await exchange.respond(filter, 204, [...(reply?.fields ?? [])], { hasBody: false, isLocal: true });
    assert.deepEqual([...response.fields], [...(reply?.fields ?? [])]);
  });
});

describe("cors: responses", () => {
  it("get the fields if the origin is allowed", async () => {
    assert.deepEqual(await responseFields(OPTIONS, "https://a.wild.example", [["Vary", "Accept"]]), {
      "Access-Control-Allow-Origin": "https://a.wild.example",
      "Access-Control-Allow-Credentials": "true",
      "Access-Control-Expose-Headers": "X-Count",
      Vary: "Origin",
    });
  });

  it("say that they depend on the origin, whatever it is", async () => {
    for (const origin of [null, "https://evil.example", "null", "https://app.example, https://app.example"]) {
      assert.deepEqual(await responseFields(OPTIONS, origin), { Vary: "Origin" });
    }
    assert.deepEqual(await responseFields(OPTIONS, null, [["vary", "ORIGIN"]]), { vary: "ORIGIN" });
    assert.deepEqual(await responseFields(OPTIONS, null, [["vary", "*"]]), { vary: "*" });
  });

  it("lose what the endpoint said", async () => {
    const upstream: TestFieldList = [
      ["access-control-allow-origin", "*"],
      ["Access-Control-Allow-Origin", "https://evil.example"],
      ["access-control-allow-credentials", "true"],
      ["access-control-expose-headers", "*"],
      ["access-control-max-age", "1"],
    ];
    assert.deepEqual(await responseFields(OPTIONS, "https://evil.example", upstream), { Vary: "Origin" });
    assert.deepEqual(await responseFields(OPTIONS, null, upstream), { Vary: "Origin" });
  });

  it("are the same for all origins if all are allowed", async () => {
    const expected = { "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "X-Count" };
    for (const origin of [null, "null", "https://x.example"]) {
      assert.deepEqual(await responseFields(PUBLIC, origin), expected);
    }
  });

  it("depend on the origin that the client sent", async () => {
    const filter = cors(OPTIONS);
    const exchange = new TestExchange({ fields: [["Origin", "https://app.example"]] });
    await exchange.ask(filter);
    exchange.request.fields.delete("origin");
    const { fields } = await exchange.respond(filter, 200);
    assert.equal(fields.get("access-control-allow-origin"), "https://app.example");
  });
});

describe("CorsOrigins", () => {
  const origins = new CorsOrigins(OPTIONS.allowOrigins);

  it("has no more than was said", () => {
    for (const origin of ["https://app.example", "https://a.wild.example", "https://a.b-c.wild.example"]) {
      assert.ok(origins.has(origin), origin);
    }
    for (const origin of [
      "http://app.example",
      "https://app.example:8443",
      "https://APP.example",
      "https://app.example/",
      "https://app.example.evil.example",
      "https://evil-app.example",
      "https://wild.example",
      "https://.wild.example",
      "https://evilwild.example",
      "https://a..wild.example",
      "https://evil.example/.wild.example",
      "https://evil.example#.wild.example",
      "https://evil.example:80@a.wild.example",
      "https://a.wild.example:1",
      "https://*.wild.example",
      "null",
      "",
    ]) {
      assert.ok(!origins.has(origin), origin);
    }
  });

  it("takes a port with a wildcard", () => {
    const wild = new CorsOrigins(["http://*.wild.example:8080"]);
    assert.ok(wild.has("http://a.wild.example:8080"));
    assert.ok(!wild.has("http://a.wild.example"));
  });

  it("has what a browser calls a subdomain, and nothing else", () => {
    fc.assert(
      fc.property(fc.webUrl({ validSchemes: ["https", "http"] }), fc.boolean(), (url, isInside) => {
        const host = new URL(url).hostname;
        const { origin } = new URL(url.replace(host, isInside ? `${host}.wild.example` : host));
        const isSubdomain = origin.startsWith("https://") && new URL(origin).host.endsWith(".wild.example");
        assert.equal(origins.has(origin), isSubdomain);
      }),
    );
  });

  it("stands a very long origin", () => {
    assert.ok(!origins.has(`https://${"a.".repeat(100_000)}.wild.example`));
  });
});

describe("cors: options", () => {
  it("names what is wrong", () => {
    const wrong: [Partial<CorsOptions>, RegExp][] = [
      [{ allowOrigins: [] }, /allow_origins is empty/],
      [{ allowOrigins: ["https://app.example/"] }, /"https:\/\/app\.example\/" is not an origin/],
      [{ allowOrigins: ["app.example"] }, /not an origin/],
      [{ allowOrigins: ["https://App.example"] }, /small letters/],
      [{ allowOrigins: ["https://a*.example"] }, /not an origin/],
      [{ allowOrigins: ["https://*"] }, /not an origin/],
      [{ allowOrigins: ["https://app.example:443"] }, /never matches/],
      [{ allowOrigins: ["*"] }, /allow_origins has \*, which browsers refuse with allow_credentials/],
      [{ allowMethods: ["*"] }, /allow_methods has \*/],
      [{ allowHeaders: ["*"] }, /allow_headers has \*/],
      [{ exposeHeaders: ["*"] }, /expose_headers has \*/],
      [{ allowMethods: ["P UT"] }, /allow_methods has "P UT"/],
      [{ exposeHeaders: ["a\r\nb"] }, /expose_headers has/],
      [{ maxAgeS: -1 }, /max_age_s/],
    ];
    for (const [change, message] of wrong) {
      assert.throws(() => cors({ ...OPTIONS, ...change }), { code: "ERR_FILTER_OPTIONS", message });
    }
  });

  it("takes the origins of RFC 6454", () => {
    for (const origin of ["http://[::1]:3000", "chrome-extension://abc", "http://localhost", "null", "*"]) {
      assert.equal(checkOrigin(origin), null);
    }
  });
});
