import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import crypto from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { HttpFilter } from "../filter.ts";
import { TestExchange, type TestReply, TestWorker } from "../test_exchange.ts";
import { BASIC_AUTH_USER, basicAuth } from "./basic_auth.ts";
import { parseBasicCredentials } from "./basic_credentials.ts";
import { checkPassword, hashPassword, parsePasswordHash, scryptHash } from "./password_hash.ts";
import { PasswordVerifier, type Scrypt } from "./password_verifier.ts";

const SALT = Buffer.from("0123456789abcdef").toString("base64");
/** Cheap, but a hash all the same. */
const HASH = crypto.scryptSync("sécret", "0123456789abcdef", 32, { N: 16 }).toString("base64");
const SCRYPT = `scrypt:16:8:1:${SALT}:${HASH}`;
const SHA256 = `sha256:${SALT}:${crypto.createHash("sha256").update("0123456789abcdeftoken").digest("base64")}`;
const USERS = { ann: SCRYPT, bob: SHA256, eve: "plain:pass:word" };

async function start(users: Record<string, string> = USERS, scrypt: Scrypt = scryptHash): Promise<HttpFilter> {
  const filter = basicAuth({ realm: 'a "b" \\', users }, scrypt);
  await filter.onStart?.(new TestWorker());
  return filter;
}

function basic(text: string | Uint8Array): string {
  return `Basic ${Buffer.from(text).toString("base64")}`;
}

async function ask(filter: HttpFilter, ...values: string[]): Promise<TestReply | null> {
  return await new TestExchange({ fields: values.map((value) => ["Authorization", value] as const) }).ask(filter);
}

describe("basic auth", () => {
  it("lets users pass with their passwords", async () => {
    const filter = await start();
    for (const text of ["ann:sécret", "bob:token", "eve:pass:word"]) {
      const exchange = new TestExchange({ fields: [["authorization", basic(text)]] });
      assert.equal(await exchange.ask(filter), null, text);
      assert.equal(exchange.state.get(BASIC_AUTH_USER), text.slice(0, 3));
      assert.equal(exchange.request.fields.get("authorization"), basic(text));
    }
    assert.equal(await ask(filter, basic("eve:pass:word").replace("Basic", "bASIC ")), null);
  });

  it("challenges all others", async () => {
    const filter = await start();
    const reply = await ask(filter);
    assert.equal(reply?.status, 401);
    assert.equal(reply?.fields.get("www-authenticate"), 'Basic realm="a \\"b\\" \\\\", charset="UTF-8"');
    for (const value of [
      basic("ann:secret"),
      basic("ann:"),
      basic("ann"),
      basic(""),
      basic("bob:sécret"),
      basic("eve:pass"),
      basic("Eve:pass:word"),
      basic("toString:x"),
      basic("__proto__:x"),
      basic("constructor:x"),
      basic("eve:pass:word\0"),
      basic("eve:pass:word\r\n"),
      basic(Buffer.from("ann:s\xe9cret", "latin1")),
      basic("\u{feff}eve:pass:word"),
      basic("eve:pass:word").replace("Basic", "Bearer"),
      basic("eve:pass:word").replaceAll("=", ""),
      `${basic("eve:pass:word")}=`,
      `${basic("eve:pass:word")}, ${basic("eve:pass:word")}`,
      `Basic realm="x", ${basic("eve:pass:word")}`,
      "Basic",
      "Basic ====",
      "Basic !!!!",
      `Basic ${"A".repeat(100_000)}`,
      `Basic ${" ".repeat(100_000)}A`,
    ]) {
      assert.equal((await ask(filter, value))?.status, 401, value.slice(0, 60));
    }
    assert.equal((await ask(filter, basic("eve:pass:word"), basic("eve:pass:word")))?.status, 401);
  });

  it("lets nobody pass before it is started", async () => {
    const filter = basicAuth({ realm: "x", users: USERS });
    assert.equal((await ask(filter, basic("eve:pass:word")))?.status, 401);
  });

  it("names wrong options", () => {
    const wrong: [Record<string, string>, RegExp][] = [
      [{}, /users is empty/],
      [{ "a:b": "plain:x" }, /"a:b" can't be a user/],
      [{ "": "plain:x" }, /can't be a user/],
      [{ ann: "secret" }, /user "ann": a password's hash begins with/],
    ];
    for (const [users, message] of wrong) {
      assert.throws(() => basicAuth({ realm: "x", users }), { code: "ERR_FILTER_OPTIONS", message });
    }
    assert.throws(() => basicAuth({ realm: "x\r\ny", users: USERS }), { code: "ERR_FILTER_OPTIONS", message: /realm/ });
  });
});

describe("PasswordVerifier", () => {
  /** With a scrypt that counts, and ends when it is told to. */
  function verifier(users: Record<string, string>): { verifier: PasswordVerifier; runs: (() => void)[] } {
    const runs: (() => void)[] = [];
    const scrypt: Scrypt = async (...parameters) => {
      await new Promise<void>((resolve) => runs.push(resolve));
      return await scryptHash(...parameters);
    };
    const hashes = Object.entries(users).map(([user, text]) => {
      const hash = parsePasswordHash(text);
      return typeof hash === "string" ? assert.fail(hash) : ([user, hash] as const);
    });
    return { verifier: new PasswordVerifier(new Map(hashes), crypto, scrypt), runs };
  }

  it("runs scrypt once for what is right, each time for what is wrong", async () => {
    const { verifier: checked, runs } = verifier({ ann: SCRYPT });
    const first = checked.verify("ann", "sécret");
    const second = checked.verify("ann", "sécret");
    assert.equal(runs.length, 1);
    runs[0]?.();
    assert.deepEqual([await first, await second], ["right", "right"]);
    assert.equal(checked.verify("ann", "sécret"), "right");
    for (const expected of [2, 3]) {
      const wrong = checked.verify("ann", "wrong");
      assert.equal(runs.length, expected);
      runs.at(-1)?.();
      assert.equal(await wrong, "wrong");
    }
    assert.equal(checked.verify("ann", "sécret"), "right");
  });

  it("does the same work for users that there are not", async () => {
    const { verifier: checked, runs } = verifier({ ann: SCRYPT });
    const unknown = checked.verify("zoe", "sécret");
    assert.equal(runs.length, 1);
    runs[0]?.();
    assert.equal(await unknown, "wrong");
    assert.equal(typeof checked.verify("zoe", "sécret"), "object");
    assert.equal(runs.length, 2);
    assert.equal(typeof checked.verify("ann", "sécret"), "object");
  });

  it("does few at a time, and no more than can wait", async () => {
    const { verifier: checked, runs } = verifier({ ann: SCRYPT });
    const results = Array.from({ length: 130 }, (_, index) => checked.verify("ann", String(index)));
    assert.equal(runs.length, 2);
    assert.equal(checked.verify("ann", "sécret"), "busy");
    assert.equal(typeof checked.verify("ann", "0"), "object");
    for (let done = 0; done < 130; done++) {
      runs[done]?.();
      assert.equal(await results[done], "wrong");
      assert.equal(runs.length, Math.min(done + 3, 130));
    }
    const after = checked.verify("ann", "sécret");
    assert.equal(runs.length, 131);
    runs.at(-1)?.();
    assert.equal(await after, "right");
  });

  it("goes on after scrypt has failed", async () => {
    let isBroken = true;
    const failing: Scrypt = (...parameters) =>
      isBroken ? Promise.reject(new Error("broken")) : scryptHash(...parameters);
    const filter = await start(USERS, failing);
    for (let round = 0; round < 5; round++) await assert.rejects(ask(filter, basic("ann:sécret")), /broken/);
    isBroken = false;
    assert.equal(await ask(filter, basic("ann:sécret")), null);
  });
});

describe("password hashes", () => {
  it("can be made and checked", async () => {
    const hash = await hashPassword("correct horse");
    assert.equal(checkPassword(hash), null);
    assert.notEqual(await hashPassword("correct horse"), hash);
    const filter = await start({ ann: hash });
    assert.equal(await ask(filter, basic("ann:correct horse")), null);
    assert.equal((await ask(filter, basic("ann:correct hors")))?.status, 401);
    await assert.rejects(hashPassword("a\nb"), { code: "ERR_PASSWORD" });
    await assert.rejects(hashPassword(""), { code: "ERR_PASSWORD" });
  });

  it("are as RFC 7914 section 12 has them", async () => {
    const expected = "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830da";
    const hash = await scryptHash("password", Buffer.from("NaCl"), { N: 1024, r: 8, p: 16 }, 48);
    assert.equal(Buffer.from(hash).toString("hex"), expected);
  });

  it("have the right form", () => {
    for (const hash of [SCRYPT, SHA256, "plain:x", "plain::"]) assert.equal(checkPassword(hash), null);
    const wrong: [string, RegExp][] = [
      ["", /begins with/],
      ["x", /begins with/],
      ["plain:", /empty/],
      ["plain:a\u007f", /control/],
      [`sha256:${SALT}`, /write sha256/],
      [`${SHA256}:x`, /write sha256/],
      [`sha256:${SALT}:${SALT}`, /32 bytes, not 16/],
      [SHA256.replace("=", ""), /write sha256/],
      [SCRYPT.replace(":16:", ":15:"), /power of 2/],
      [SCRYPT.replace(":16:", ":1:"), /power of 2/],
      [SCRYPT.replace(":16:", ":1048576:"), /at most/],
      [SCRYPT.replace(":16:", ":1e3:"), /write scrypt/],
      [SCRYPT.replace(":8:1:", ":8:17:"), /p of scrypt/],
      [SCRYPT.replace(SALT, "AAAA"), /8 bytes or more/],
      [`scrypt:16:8:1:${SALT}:AAAA`, /16 to 64 bytes/],
      [`${SCRYPT}:`, /write scrypt/],
    ];
    for (const [hash, message] of wrong) assert.match(checkPassword(hash) ?? "", message, hash);
  });

  it("are parsed or refused, whatever they are", () => {
    const part = fc.oneof(fc.constantFrom("scrypt", "sha256", "plain", "16", "8", "1", SALT, ""), fc.string());
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const problem = checkPassword(parts.join(":"));
        assert.ok(problem === null || problem.length > 0);
      }),
    );
  });
});

describe("parseBasicCredentials", () => {
  it("reads what RFC 7617 writes", () => {
    assert.deepEqual(parseBasicCredentials("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), {
      user: "Aladdin",
      password: "open sesame",
    });
    assert.deepEqual(parseBasicCredentials("Basic dGVzdDoxMjPCow=="), { user: "test", password: "123£" });
  });

  it("reads no control characters", () => {
    for (const text of ["a\0:b", "a:b\0", "a:b\n", "a:\u0085", "\u007f:b"]) {
      assert.equal(parseBasicCredentials(basic(text)), null);
    }
  });

  it("reads all that is written", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (user, password) => {
        fc.pre(!/[:\p{Cc}]/u.test(user) && !/\p{Cc}/u.test(password));
        assert.deepEqual(parseBasicCredentials(basic(`${user}:${password}`)), { user, password });
      }),
    );
  });
});
