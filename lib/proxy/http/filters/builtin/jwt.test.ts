import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import * as jose from "jose";
import type { HttpFilter } from "../filter.ts";
import { TestExchange, type TestFieldList, TestFields, type TestReply, TestWorker } from "../test_exchange.ts";
import { findToken } from "./bearer_token.ts";
import { ClaimFields } from "./claim_fields.ts";
import { JWT_CLAIMS, jwt } from "./jwt.ts";
import type { JwtOptions } from "./options.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const NOW_S = 1_800_000_000;
const OPTIONS: JwtOptions = {
  algorithms: ["HS256"],
  secret: SECRET,
  jwksUrl: "",
  jwksFile: "",
  issuer: "https://issuer.example",
  audience: ["api", "web"],
  header: "Authorization",
  cookie: "token",
  claimsToHeaders: { sub: "X-User", roles: "X-Roles" },
  clockToleranceS: 10,
  isOptional: false,
};
const CLAIMS = { iss: "https://issuer.example", aud: "api", sub: "ann", exp: NOW_S + 60 };

async function start(
  change: Partial<JwtOptions> = {},
  clock = { ms: 0 },
  worker = new TestWorker(),
): Promise<HttpFilter> {
  const filter = jwt({ ...OPTIONS, ...change }, { wall: () => NOW_S * 1000, monotonic: () => clock.ms });
  await filter.onStart?.(worker);
  return filter;
}

async function sign(
  claims: Record<string, unknown> = CLAIMS,
  alg = "HS256",
  key: CryptoKey | Uint8Array = new TextEncoder().encode(SECRET),
  header: Record<string, unknown> = {},
): Promise<string> {
  return await new jose.SignJWT(claims).setProtectedHeader({ ...header, alg }).sign(key);
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

async function ask(filter: HttpFilter, ...tokens: string[]): Promise<TestReply | null> {
  return await askWith(
    filter,
    tokens.map((token) => ["Authorization", `Bearer ${token}`] as const),
  );
}

async function askWith(filter: HttpFilter, fields: TestFieldList): Promise<TestReply | null> {
  return await new TestExchange({ fields }).ask(filter);
}

function challenge(reply: TestReply | null): string | null {
  assert.ok(reply);
  return /error="(\w+)"/.exec(reply.fields.get("www-authenticate") ?? "")?.[1] ?? null;
}

async function assertInvalid(filter: HttpFilter, token: string, message?: string): Promise<void> {
  const reply = await ask(filter, token);
  assert.equal(reply?.status, 401, message ?? token);
  assert.equal(challenge(reply), "invalid_token");
}

describe("jwt: tokens with a secret", () => {
  it("let a request pass, with their claims", async () => {
    const exchange = new TestExchange({
      fields: [
        ["authorization", `bearer  ${await sign({ ...CLAIMS, roles: ["a", "b", 3] })}`],
        ["x-user", "root"],
        ["X-USER", "root"],
        ["x_user", "root"],
        ["X-Other", "kept"],
      ],
    });
    assert.equal(await exchange.ask(await start()), null);
    const [, ...others] = exchange.request.fields;
    assert.deepEqual(others, [
      ["X-Other", "kept"],
      ["X-User", "ann"],
      ["X-Roles", "a,b,3"],
    ]);
    assert.equal((exchange.state.get(JWT_CLAIMS) as jose.JWTPayload).sub, "ann");
  });

  it("may be in a cookie", async () => {
    const filter = await start();
    const token = await sign();
    assert.equal(await askWith(filter, [["Cookie", `a=b; token=${token}; c=d`]]), null);
    assert.equal(
      await askWith(filter, [
        ["Cookie", "a=b"],
        ["Cookie", `token=${token}`],
      ]),
      null,
    );
    assert.equal((await askWith(filter, [["Cookie", `xtoken=${token}; Token=${token}`]]))?.status, 401);
    const both: TestFieldList = [
      ["Authorization", "Bearer a.b.c"],
      ["Cookie", `token=${token}`],
    ];
    assert.equal(challenge(await askWith(filter, both)), "invalid_token");
  });

  it("may be in another field", async () => {
    const filter = await start({ header: "X-Token", cookie: "" });
    assert.equal(await askWith(filter, [["x-token", await sign()]]), null);
    assert.equal(await askWith(filter, [["x-token", `Bearer ${await sign()}`]]), null);
    assert.equal((await ask(filter, await sign()))?.status, 401);
  });

  it("are asked for, without an error if there is none", async () => {
    const filter = await start();
    for (const fields of [[], [["Authorization", "Basic YTpi"]], [["Cookie", "token="]]] as TestFieldList[]) {
      const reply = await askWith(filter, fields);
      assert.equal(reply?.status, 401);
      assert.equal(reply?.fields.get("www-authenticate"), 'Bearer realm="ringway"');
    }
  });

  it("are not guessed at", async () => {
    const filter = await start();
    const token = await sign();
    const unclear: TestFieldList[] = [
      [
        ["Authorization", `Bearer ${token}`],
        ["Authorization", `Bearer ${token}`],
      ],
      [["Authorization", "Bearer"]],
      [["Authorization", `Bearer ${token} x`]],
      [["Authorization", `Bearer ${token}, Bearer ${token}`]],
      [["Authorization", 'Bearer "x"']],
      [["Cookie", `token=${token}; token=${token}`]],
    ];
    for (const fields of unclear) {
      const reply = await askWith(filter, fields);
      assert.equal(reply?.status, 400, JSON.stringify(fields));
      assert.equal(challenge(reply), "invalid_request");
    }
  });

  it("are refused if anything is wrong with them", async () => {
    const filter = await start();
    const good = await sign();
    const [head = "", body = "", signature = ""] = good.split(".");
    const otherKey = new TextEncoder().encode("x".repeat(64));
    const bad: Record<string, string> = {
      "another key": await sign(CLAIMS, "HS256", otherKey),
      "another algorithm": await sign(CLAIMS, "HS512", otherKey),
      "no algorithm": `${encode({ alg: "none" })}.${body}.`,
      "no algorithm, but a signature": `${encode({ alg: "none" })}.${body}.${signature}`,
      "no algorithm in capitals": `${encode({ alg: "NONE" })}.${body}.`,
      "an algorithm that is a list": `${encode({ alg: ["HS256"] })}.${body}.${signature}`,
      "a key in the head": `${encode({ alg: "HS256", jwk: { kty: "oct", k: "eA" } })}.${body}.${signature}`,
      "another body": `${head}.${encode({ ...CLAIMS, sub: "root" })}.${signature}`,
      "no signature": `${head}.${body}.`,
      "two parts": `${head}.${body}`,
      "four parts": `${good}.x`,
      "five parts": "a.b.c.d.e",
      "no base64": "...",
      "a body that is no JSON": await signBytes("x"),
      "a body that is a list": await signBytes("[]"),
      "critical extensions": `${encode({ alg: "HS256", crit: ["x"], x: 1 })}.${body}.${signature}`,
      "another issuer": await sign({ ...CLAIMS, iss: "https://other.example" }),
      "no issuer": await sign({ ...CLAIMS, iss: undefined }),
      "another audience": await sign({ ...CLAIMS, aud: ["other"] }),
      "no audience": await sign({ ...CLAIMS, aud: undefined }),
      "an end that is text": await sign({ ...CLAIMS, exp: String(NOW_S + 60) }),
      "a begin in the future": await sign({ ...CLAIMS, nbf: NOW_S + 11 }),
      "very much": "A".repeat(60_000),
    };
    for (const [name, token] of Object.entries(bad)) await assertInvalid(filter, token, name);
    const late = await ask(filter, await sign({ ...CLAIMS, exp: NOW_S - 10 }));
    assert.match(late?.fields.get("www-authenticate") ?? "", /error_description="The token has expired"/);
  });

  it("are refused with an algorithm that is not allowed, though the key is right", async () => {
    const secret = "x".repeat(64);
    const key = new TextEncoder().encode(secret);
    const filter = await start({ secret, algorithms: ["HS256", "HS512"] });
    assert.equal(await ask(filter, await sign(CLAIMS, "HS512", key)), null);
    await assertInvalid(filter, await sign(CLAIMS, "HS384", key));
  });

  it("have some tolerance of clocks", async () => {
    const filter = await start();
    assert.equal(await ask(filter, await sign({ ...CLAIMS, exp: NOW_S - 9 })), null);
    assert.equal(await ask(filter, await sign({ ...CLAIMS, nbf: NOW_S + 10 })), null);
    assert.equal(await ask(filter, await sign({ ...CLAIMS, aud: ["x", "web"] })), null);
  });

  it("may be missing if they are optional, and not be bad", async () => {
    const filter = await start({ isOptional: true });
    const exchange = new TestExchange({
      fields: [
        ["X-User", "root"],
        ["X_Roles", "admin"],
      ],
    });
    assert.equal(await exchange.ask(filter), null);
    assert.deepEqual([...exchange.request.fields], []);
    assert.equal(await askWith(filter, [["Authorization", "Basic YTpi"]]), null);
    await assertInvalid(filter, "a.b.c");
    assert.equal((await askWith(filter, [["Authorization", "Bearer"]]))?.status, 400);
  });

  it("never put claims into a head that don't fit there", async () => {
    const filter = await start();
    const values = [
      "a\r\nX-Admin: 1",
      "a\nb",
      "a\0",
      "\u007f",
      "Zoë",
      "\u{1f600}",
      " a",
      "a ",
      {},
      null,
      [["a"]],
      [null],
    ];
    for (const sub of [...values, ["a,b"], ["a", ""], ["a\r\nb"], { toString: "x" }]) {
      const exchange = new TestExchange({
        fields: [
          ["Authorization", `Bearer ${await sign({ ...CLAIMS, sub })}`],
          ["X-User", "root"],
        ],
      });
      const reply = await exchange.ask(filter);
      assert.equal(reply?.status, 401, JSON.stringify(sub));
      assert.equal(exchange.request.fields.has("x-user"), false);
      assert.ok(!reply?.body.includes("Admin"));
    }
  });

  it("let nobody pass before the start", async () => {
    await assertInvalid(jwt(OPTIONS), await sign());
  });
});

async function signBytes(text: string): Promise<string> {
  const signer = new jose.CompactSign(new TextEncoder().encode(text)).setProtectedHeader({ alg: "HS256" });
  return await signer.sign(new TextEncoder().encode(SECRET));
}

/** Keys of an issuer, and a server that has them. */
class Issuer {
  readonly server: Server;
  keys: jose.JWK[] = [];
  status = 200;
  body: string | null = null;
  requests = 0;

  constructor() {
    this.server = createServer((_request, response) => {
      this.requests++;
      response.writeHead(this.status, { "Content-Type": "application/json" });
      response.end(this.body ?? JSON.stringify({ keys: this.keys }));
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
  }

  get url(): string {
    const address = this.server.address();
    return typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}/` : assert.fail();
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  /** A new key; without an identifier its set has only the key itself. */
  async add(alg: string, kid?: string): Promise<CryptoKey> {
    const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true });
    const jwk = await jose.exportJWK(publicKey);
    this.keys.push(kid === undefined ? jwk : { ...jwk, kid, alg });
    return privateKey;
  }
}

describe("jwt: tokens with public keys", () => {
  let folder = "";
  const issuer = new Issuer();
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "ringway-jwt-"));
    await issuer.listen();
  });
  after(async () => {
    await issuer.close();
    await rm(folder, { recursive: true });
  });

  function reset(): Partial<JwtOptions> {
    Object.assign(issuer, { keys: [], status: 200, body: null, requests: 0 });
    return { algorithms: ["RS256", "ES256", "PS384", "EdDSA"], secret: "", jwksUrl: issuer.url };
  }

  it("are checked with a file of keys", async () => {
    const options = reset();
    const path = join(folder, "keys.json");
    const keys = new Map<string, CryptoKey>();
    for (const alg of options.algorithms ?? []) keys.set(alg, await issuer.add(alg, alg));
    await writeFile(path, JSON.stringify({ keys: issuer.keys }));
    const filter = await start({ ...options, jwksUrl: "", jwksFile: path });
    for (const [alg, key] of keys) {
      assert.equal(await ask(filter, await sign(CLAIMS, alg, key, { kid: alg })), null, alg);
      await assertInvalid(filter, await sign(CLAIMS, alg, key, { kid: "other" }));
    }
    assert.equal(issuer.requests, 0);
  });

  it("need a file that can be used", async () => {
    const path = join(folder, "bad.json");
    const options: Partial<JwtOptions> = { ...reset(), jwksUrl: "" };
    await assert.rejects(start({ ...options, jwksFile: join(folder, "none") }), { code: "ERR_FILTER_OPTIONS" });
    for (const text of ["", "{}", '{"keys":{}}', "[1]"]) {
      await writeFile(path, text);
      await assert.rejects(start({ ...options, jwksFile: path }), { code: "ERR_FILTER_OPTIONS", message: /bad\.json/ });
    }
  });

  it("can't be made from the public key as a secret", async () => {
    const options = reset();
    await issuer.add("RS256", "a");
    const [jwk] = issuer.keys;
    assert.ok(jwk);
    const publicKey = await jose.importJWK(jwk, "RS256", { extractable: true });
    assert.ok(!(publicKey instanceof Uint8Array));
    const filter = await start(options);
    const secrets = [await jose.exportSPKI(publicKey), JSON.stringify(jwk), jwk.n ?? ""];
    for (const secret of secrets) {
      const token = await sign(CLAIMS, "HS256", new TextEncoder().encode(secret), { kid: "a" });
      await assertInvalid(filter, token);
    }
  });

  it("are refused with an algorithm that is not allowed, though the key could have it", async () => {
    const { publicKey, privateKey } = await jose.generateKeyPair("RS512", { extractable: true });
    const options = reset();
    issuer.keys = [await jose.exportJWK(publicKey)];
    const token = await sign(CLAIMS, "RS512", privateKey);
    assert.equal(await ask(await start({ ...options, algorithms: ["RS512"] }), token), null);
    await assertInvalid(await start({ ...options, algorithms: ["RS256"] }), token);
  });

  it("are tried with each key if they don't name one", async () => {
    const options = reset();
    const [first, second] = [await issuer.add("ES256"), await issuer.add("ES256")];
    const { privateKey: other } = await jose.generateKeyPair("ES256");
    const filter = await start(options);
    for (const key of [first, second]) assert.equal(await ask(filter, await sign(CLAIMS, "ES256", key)), null);
    await assertInvalid(filter, await sign(CLAIMS, "ES256", other));
    await assertInvalid(filter, await sign({ ...CLAIMS, exp: 1 }, "ES256", second));
  });

  it("have keys that are fetched once, and again when they are old", async () => {
    const options = reset();
    const key = await issuer.add("ES256", "a");
    const clock = { ms: 1000 };
    const filter = await start(options, clock);
    const token = await sign(CLAIMS, "ES256", key, { kid: "a" });
    for (let round = 0; round < 5; round++) assert.equal(await ask(filter, token), null);
    assert.equal(issuer.requests, 1);
    clock.ms += 10 * 60_000;
    issuer.keys = [];
    await assertInvalid(filter, token);
    assert.equal(issuer.requests, 2);
  });

  it("keep their keys while these can't be fetched", async () => {
    const options = reset();
    const key = await issuer.add("ES256", "a");
    const clock = { ms: 1000 };
    const worker = new TestWorker();
    const filter = await start(options, clock, worker);
    const token = await sign(CLAIMS, "ES256", key, { kid: "a" });
    issuer.status = 500;
    clock.ms += 10 * 60_000;
    for (let round = 0; round < 5; round++) assert.equal(await ask(filter, token), null);
    assert.equal(issuer.requests, 2);
    assert.deepEqual(
      worker.lines.filter((line) => line.startsWith("warning")),
      [`warning: The keys for tokens could not be fetched: the status is 500 (${issuer.url})`],
    );
    clock.ms += 30_000;
    issuer.status = 200;
    assert.equal(await ask(filter, token), null);
    assert.equal(issuer.requests, 3);
  });

  it("wait for keys that could never be fetched, without asking each time", async () => {
    const options = reset();
    const key = await issuer.add("ES256", "a");
    const token = await sign(CLAIMS, "ES256", key, { kid: "a" });
    const bodies = ["no JSON", '{"keys":1}', `{"keys":[],"x":"${"x".repeat(2_000_000)}"}`];
    for (const body of bodies) {
      issuer.requests = 0;
      issuer.body = body;
      const clock = { ms: 1000 };
      const filter = await start(options, clock);
      for (let round = 0; round < 5; round++) {
        const reply = await ask(filter, token);
        assert.equal(reply?.status, 503);
        assert.equal(reply?.fields.get("retry-after"), "30");
      }
      assert.equal(issuer.requests, 1, body.slice(0, 20));
      clock.ms += 30_000;
      issuer.body = null;
      assert.equal(await ask(filter, token), null);
    }
  });

  it("don't make the proxy ask for each unknown key", async () => {
    const options = reset();
    const key = await issuer.add("ES256", "a");
    const filter = await start(options);
    for (let round = 0; round < 5; round++) {
      await assertInvalid(filter, await sign(CLAIMS, "ES256", key, { kid: `other-${round}` }));
    }
    assert.equal(issuer.requests, 1);
  });
});

describe("jwt: options", () => {
  it("names what is wrong", () => {
    const wrong: [Partial<JwtOptions>, RegExp][] = [
      [{ secret: "" }, /exactly one/],
      [{ jwksUrl: "https://a.example" }, /exactly one/],
      [{ algorithms: [] }, /algorithms is empty/],
      [{ algorithms: ["none"] }, /"none"; allowed with a secret: HS256/],
      [{ algorithms: ["HS256", "RS256"] }, /"RS256"/],
      [{ secret: "", jwksUrl: "https://a.example", algorithms: ["HS256"] }, /"HS256"; allowed with public keys/],
      [{ secret: "", jwksUrl: "file:///x", algorithms: ["RS256"] }, /jwks_url/],
      [{ secret: "", jwksUrl: "x", algorithms: ["RS256"] }, /jwks_url/],
      [{ secret: SECRET.slice(1) }, /31 bytes, and must have 32/],
      [{ algorithms: ["HS256", "HS512"] }, /must have 64/],
      [{ header: "", cookie: "" }, /header or a cookie/],
      [{ header: "a b" }, /header must/],
      [{ cookie: "a;b" }, /cookie must/],
      [{ clockToleranceS: -1 }, /clock_tolerance_s/],
      [{ claimsToHeaders: { sub: "Host" } }, /the proxy answers for Host/],
      [{ claimsToHeaders: { sub: "Proxy-Connection" } }, /the proxy answers for Proxy-Connection/],
      [{ claimsToHeaders: { sub: "a:b" } }, /"a:b"/],
      [{ claimsToHeaders: { sub: "X-A", name: "x-a" } }, /x-a is taken/],
      [{ claimsToHeaders: { sub: "Cookie" } }, /Cookie is taken/],
    ];
    for (const [change, message] of wrong) {
      assert.throws(() => jwt({ ...OPTIONS, ...change }), { code: "ERR_FILTER_OPTIONS", message });
    }
  });
});

describe("ClaimFields", () => {
  it("gives values that a head can have, and nothing else", () => {
    const fields = new ClaimFields({ sub: "X-User" });
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.string({ unit: "binary" }), fc.array(fc.string())), (sub) => {
        const head = new TestFields();
        const values = fields.valuesOf({ sub: sub as unknown });
        for (const [name, value] of values ?? []) head.set(name, value);
        if (typeof sub === "string" && values !== null) assert.equal(head.get("x-user"), sub);
      }),
    );
  });

  it("takes no claim from the prototype", () => {
    assert.deepEqual(new ClaimFields({ toString: "X-A", constructor: "X-B" }).valuesOf({}), []);
  });
});

describe("findToken", () => {
  it("gives a token of its characters, or none, whatever is sent", () => {
    const text = fc.oneof(fc.string(), fc.constantFrom("Bearer ", "bearer a.b.c", "token=", "token=a.b.c; ", ","));
    const list = fc.array(fc.tuple(fc.constantFrom("Authorization", "Cookie"), text));
    fc.assert(
      fc.property(list, (fields) => {
        const found = findToken(new TestFields(fields), { header: "authorization", cookie: "token" });
        if (found.type === "token") assert.match(found.token, /^[\w.~+/=-]+$/);
      }),
    );
  });
});
