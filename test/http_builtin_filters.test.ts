/**
 * The built-in filters, from a configuration file to what clients and upstreams see, on every driver.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as zlib from "node:zlib";
import { stringify } from "yaml";
import { RunningCommand } from "./support/command.ts";
import {
  type Answer,
  allOf,
  client,
  fieldOf,
  type Message,
  respond,
  ScriptedUpstream,
  statusOf,
} from "./support/http_peers.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const TEXT = "All work and no play makes a long text. ".repeat(200);
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const JWKS = JSON.stringify({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "one", alg: "RS256" }] });

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function token(algorithm: "HS256" | "RS256", claims: object): string {
  const signed = `${part({ alg: algorithm, kid: "one" })}.${part(claims)}`;
  const signature =
    algorithm === "HS256"
      ? createHmac("sha256", SECRET).update(signed).digest("base64url")
      : sign("sha256", Buffer.from(signed), privateKey).toString("base64url");
  return `${signed}.${signature}`;
}

const DECODERS: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  br: zlib.brotliDecompressSync,
  gzip: zlib.gunzipSync,
  deflate: zlib.inflateSync,
  zstd: zlib.zstdDecompressSync,
};

/** Long text with an ETag, or a stream of events whose second one never comes. */
const answer: Answer = (request, peer) => {
  if (request.startLine.includes("/jwks")) peer.send(respond(JWKS));
  else if (request.startLine.includes("/events")) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    peer.send("9\r\ndata: 1\n\n\r\n");
  } else if (request.startLine.startsWith("HEAD")) {
    peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${TEXT.length}\r\nContent-Type: text/plain\r\nETag: "a"\r\n\r\n`);
  } else {
    const type = "content-type: text/plain\r\n";
    const own = fieldOf(request, "x-access") ?? "";
    const fields = `${type}etag: "a"\r\naccess-control-allow-origin: evil\r\n${own && `x-user-is: ${own}\r\n`}`;
    peer.send(respond(TEXT, fields));
  }
};

for (const driver of ["uring", "default"]) {
  describe(`built-in filters on the ${driver} driver`, () => {
    const folder = mkdtempSync(join(tmpdir(), "ringway-filters-"));
    let upstream: ScriptedUpstream;
    let command: RunningCommand;
    let port: number;

    before(async () => {
      upstream = await ScriptedUpstream.start(answer);
      const keys = join(folder, "keys.json");
      writeFileSync(keys, JWKS);
      const to = `127.0.0.1:${upstream.port}`;
      const at = (prefix: string) => ({ match: { prefix } });
      const claims = { claims_to_headers: { sub: "X-Access" } };
      const filters = [
        { type: "cors", ...at("/cors"), allow_origins: ["https://a.example"], allow_methods: ["PUT"] },
        { type: "ip_filter", ...at("/ip"), deny: ["10.6.6.0/24"] },
        { type: "rate_limit", ...at("/rate"), requests: 2, per_ms: 3_600_000, key: "client" },
        { type: "basic_auth", ...at("/basic"), users: { ann: "plain:secret" } },
        { type: "jwt", ...at("/jwt/hs"), algorithms: ["HS256"], secret: SECRET, ...claims },
        { type: "jwt", ...at("/jwt/file"), algorithms: ["RS256"], jwks_file: keys, ...claims },
        { type: "jwt", ...at("/jwt/url"), algorithms: ["RS256"], jwks_url: `http://${to}/jwks`, ...claims },
        { type: "fault", ...at("/fault"), delay_ms: 5, delay_percent: 100, abort_status: 503, abort_percent: 100 },
        { type: "compression", ...at("/compress"), algorithms: ["zstd", "br", "gzip", "deflate"], types: ["text/*"] },
      ];
      const http = { trusted_hops: 1 };
      const config = {
        workers: 1,
        socket_interface: driver,
        access_log: join(folder, "log"),
        access_log_format: "%client% %target% %status% %reason%",
        listeners: [{ listen: "127.0.0.1:0", cluster: "web", filters, http }],
        clusters: [{ name: "web", endpoints: [to] }],
      };
      writeFileSync(join(folder, "config.yaml"), stringify(config));
      command = new RunningCommand(["--config", join(folder, "config.yaml")]);
      port = await command.port();
    });

    after(async () => {
      await command.stop();
      await upstream.close();
      rmSync(folder, { recursive: true });
      assert.doesNotMatch(command.error, /bug|crashed/);
    });

    async function get(path: string, fields = "", method = "GET"): Promise<Message> {
      const peer = await client(port);
      peer.send(`${method} ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
      const response = await peer.response(method);
      peer.destroy();
      return response;
    }

    it("cors answers preflights, and says who may read responses", async () => {
      const count = upstream.requests.length;
      const asked = "Origin: https://a.example\r\nAccess-Control-Request-Method: PUT\r\n";
      const preflight = await get("/cors", asked, "OPTIONS");
      assert.equal(statusOf(preflight), 204);
      assert.equal(fieldOf(preflight, "access-control-allow-origin"), "https://a.example");
      assert.equal(upstream.requests.length, count);
      const response = await get("/cors", "Origin: https://a.example\r\n");
      assert.deepEqual(allOf(response, "access-control-allow-origin"), ["https://a.example"]);
      assert.equal(response.body, TEXT);
      assert.deepEqual(allOf(await get("/cors"), "access-control-allow-origin"), []);
    });

    it("basic_auth asks for a password", async () => {
      const without = await get("/basic");
      assert.equal(statusOf(without), 401);
      assert.match(fieldOf(without, "www-authenticate") ?? "", /^Basic realm=/);
      const bytes = (text: string) => Buffer.from(text).toString("base64");
      assert.equal(statusOf(await get("/basic", `Authorization: Basic ${bytes("ann:wrong")}\r\n`)), 401);
      assert.equal(statusOf(await get("/basic", `Authorization: Basic ${bytes("ann:secret")}\r\n`)), 200);
    });

    it("ip_filter goes by the address that a trusted proxy says", async () => {
      assert.equal(statusOf(await get("/ip", "X-Forwarded-For: 10.6.6.6\r\n")), 403);
      assert.equal(statusOf(await get("/ip", "X-Forwarded-For: 10.6.6.6, 10.7.7.7\r\n")), 200);
      assert.equal(statusOf(await get("/x/../ip", "X-Forwarded-For: 10.6.6.6\r\n")), 403);
    });

    it("rate_limit refuses what is too much, for each client", async () => {
      const from = (address: string) => get("/rate", `X-Forwarded-For: ${address}\r\n`);
      assert.equal(statusOf(await from("10.0.0.1")), 200);
      assert.equal(statusOf(await from("10.0.0.1")), 200);
      const refused = await from("10.0.0.1");
      assert.equal(statusOf(refused), 429);
      assert.ok(Number(fieldOf(refused, "retry-after")) > 0);
      assert.equal(statusOf(await from("10.0.0.2")), 200);
    });

    for (const [algorithm, decode] of Object.entries(DECODERS)) {
      it(`compression by ${algorithm}`, async () => {
        const accept = `Accept-Encoding: ${algorithm}\r\n`;
        const response = await get("/compress", accept);
        assert.equal(fieldOf(response, "content-encoding"), algorithm);
        assert.equal(fieldOf(response, "etag"), 'W/"a"');
        assert.equal(fieldOf(response, "vary"), "Accept-Encoding");
        const compressed = chunkBytes(response.body);
        assert.ok(compressed.length < TEXT.length / 10);
        assert.equal(new TextDecoder().decode(decode(compressed)), TEXT);
        const head = await get("/compress", accept, "HEAD");
        assert.equal(fieldOf(head, "content-encoding"), algorithm);
        assert.equal(fieldOf(head, "content-length"), undefined);
      });

      it(`compression by ${algorithm} does not hold events back`, async () => {
        const peer = await client(port);
        peer.send(`GET /compress/events HTTP/1.1\r\nHost: a\r\nAccept-Encoding: ${algorithm}\r\n\r\n`);
        const head = await peer.takeThrough("\r\n\r\n");
        assert.match(head, new RegExp(`content-encoding: ${algorithm}`, "i"));
        // The upstream sends no more, and yet a chunk arrives.
        assert.ok(Number.parseInt(await peer.takeThrough("\r\n"), 16) > 0);
        // Its response is not wanted any more, or the proxy would wait for it at its end.
        peer.socket.resetAndDestroy();
      });
    }

    it("compression leaves others alone", async () => {
      const response = await get("/compress");
      assert.equal(fieldOf(response, "content-encoding"), undefined);
      assert.equal(response.body, TEXT);
    });

    for (const [kind, algorithm] of [
      ["hs", "HS256"],
      ["file", "RS256"],
      ["url", "RS256"],
    ] as const) {
      it(`jwt with ${algorithm} (${kind})`, async () => {
        const path = `/jwt/${kind}`;
        const send = (jwt: string) => get(path, `Authorization: Bearer ${jwt}\r\nX-Access: eve\r\n`);
        const good = await send(token(algorithm, { sub: "ann" }));
        assert.equal(statusOf(good), 200);
        assert.equal(fieldOf(good, "x-user-is"), "ann");
        assert.equal(statusOf(await get(path)), 401);
        assert.equal(statusOf(await send(token(algorithm, { sub: "ann", exp: 1 }))), 401);
        const other = token(algorithm === "HS256" ? "RS256" : "HS256", { sub: "ann" });
        assert.equal(statusOf(await send(other)), 401);
        assert.equal(statusOf(await send(token(algorithm, { sub: "a\r\nx: y" }))), 401);
      });
    }

    it("fault delays and aborts", async () => {
      assert.equal(statusOf(await get("/fault")), 503);
    });

    it("the access log has what filters answered, and the client's address", async () => {
      assert.equal(statusOf(await get("/ip/logged", "X-Forwarded-For: 10.6.6.7\r\n")), 403);
      command.signal("SIGTERM");
      assert.equal((await command.finished).code, 0);
      const { readFile } = await import("node:fs/promises");
      const lines = (await readFile(join(folder, "log"), "utf8")).split("\n");
      assert.ok(lines.includes("10.6.6.7 /ip/logged 403 FR"), lines.join("\n"));
      assert.ok(lines.includes("127.0.0.1 /fault 503 FR"), lines.join("\n"));
      assert.ok(lines.includes("127.0.0.1 /compress 200 -"), lines.join("\n"));
    });
  });
}

/** The data of a chunked body, whose characters are bytes. */
function chunkBytes(body: string): Uint8Array {
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.slice(at, lineEnd), 16);
    if (size === 0) return Buffer.concat(pieces);
    pieces.push(Buffer.from(body.slice(lineEnd + 2, lineEnd + 2 + size), "latin1"));
    at = lineEnd + 2 + size + 2;
  }
}
