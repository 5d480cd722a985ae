import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Transform } from "node:stream";
import { describe, it } from "node:test";
import zlib from "node:zlib";
import fc from "fast-check";
import type { BodyTransform, HttpFilter } from "../filter.ts";
import { joinPieces, TestExchange, type TestFieldList, TestWorker, transformPieces } from "../test_exchange.ts";
import { chooseEncoding } from "./accept_encoding.ts";
import { compression } from "./compression.ts";
import { type Algorithm, type CompressionStreamOfZlib, makeCodecs } from "./compression_codecs.ts";
import { Compressor } from "./compressor.ts";
import type { CompressionOptions } from "./options.ts";

const ALL: readonly Algorithm[] = ["br", "zstd", "gzip", "deflate"];
const OPTIONS: CompressionOptions = {
  algorithms: ALL,
  minimumBytes: 100,
  types: ["text/*", "Application/JSON"],
  level: 0,
};
const HTML: TestFieldList = [["Content-Type", "text/html; charset=utf-8"]];

const DECODE: Readonly<Record<Algorithm, (bytes: Uint8Array) => Uint8Array>> = {
  br: (bytes) => zlib.brotliDecompressSync(bytes),
  zstd: (bytes) => zlib.zstdDecompressSync(bytes),
  gzip: (bytes) => zlib.gunzipSync(bytes),
  deflate: (bytes) => zlib.inflateSync(bytes),
};

async function start(change: Partial<CompressionOptions> = {}): Promise<HttpFilter> {
  const filter = compression({ ...OPTIONS, ...change });
  await filter.onStart?.(new TestWorker());
  return filter;
}

interface Case {
  readonly accept?: string;
  readonly method?: string;
  readonly status?: number;
  readonly request?: TestFieldList;
  readonly fields?: TestFieldList;
  readonly hasBody?: boolean;
  readonly options?: Partial<CompressionOptions>;
}

/** The response's fields in small letters, and what its body passes through. */
async function respond(test: Case): Promise<{ fields: Record<string, string>; transforms: BodyTransform[] }> {
  const {
    accept = "gzip",
    method = "GET",
    status = 200,
    request = [],
    fields = HTML,
    hasBody = method !== "HEAD",
  } = test;
  const exchange = new TestExchange({ method, fields: [["Accept-Encoding", accept], ...request] });
  const filter = await start(test.options);
  assert.equal(await exchange.ask(filter), null);
  const response = await exchange.respond(filter, status, fields, { hasBody });
  const names = [...response.fields].map(([name]) => name.toLowerCase());
  return {
    fields: Object.fromEntries(names.map((name) => [name, response.fields.get(name) ?? ""])),
    transforms: response.transforms,
  };
}

async function isCompressed(test: Case): Promise<boolean> {
  const { fields, transforms } = await respond(test);
  const before = test.fields?.find(([name]) => name === "Content-Encoding")?.[1];
  assert.equal(transforms.length === 1, fields["content-encoding"] !== before);
  return transforms.length === 1;
}

describe("compression: heads", () => {
  it("says what was done", async () => {
    const { fields, transforms } = await respond({
      fields: [
        ...HTML,
        ["Content-Length", "100"],
        ["ETag", '"abc"'],
        ["Accept-Ranges", "bytes"],
        ["Vary", "Origin"],
        ["Content-Digest", "sha-256=:x:"],
        ["Repr-Digest", "sha-256=:x:"],
        ["X-Other", "y"],
      ],
    });
    assert.deepEqual(fields, {
      "content-type": "text/html; charset=utf-8",
      "content-length": "100",
      "content-encoding": "gzip",
      etag: 'W/"abc"',
      vary: "Origin, Accept-Encoding",
      "x-other": "y",
    });
    assert.equal(transforms.length, 1);
  });

  it("has the same head for HEAD, without a body", async () => {
    const fields: TestFieldList = [...HTML, ["Content-Length", "5000"], ["ETag", '"x"']];
    const [get, head] = [await respond({ fields }), await respond({ fields, method: "HEAD" })];
    assert.deepEqual(head.fields, get.fields);
    const [transform] = head.transforms;
    assert.ok(transform);
    assert.deepEqual(await transformPieces(transform, []), [new Uint8Array()]);
  });

  it("leaves alone what it must not touch", async () => {
    const cases: Case[] = [
      { accept: "" },
      { accept: "identity" },
      { accept: "gzip;q=0" },
      { fields: [] },
      { fields: [["Content-Type", "image/png"]] },
      { fields: [["Content-Type", "text"]] },
      { fields: [["Content-Type", "application/json-patch"]] },
      { fields: [...HTML, ["Content-Encoding", "br"]] },
      { fields: [...HTML, ["Content-Length", "99"]] },
      { fields: [...HTML, ["Content-Length", "0"]], options: { minimumBytes: 0 } },
      { fields: [...HTML, ["Cache-Control", "max-age=1, No-Transform"]] },
      { fields: [...HTML, ["Content-Range", "bytes 0-1/2"]] },
      { status: 206 },
      { status: 204, hasBody: false },
      { status: 304, hasBody: false },
      { hasBody: false },
    ];
    for (const test of cases) assert.equal(await isCompressed(test), false, JSON.stringify(test));
  });

  it("compresses what is like that", async () => {
    const cases: Case[] = [
      { fields: [["content-type", "TEXT/PLAIN"]] },
      { fields: [["content-type", "application/json;charset=utf-8"]] },
      { fields: [["content-type", "image/png"]], options: { types: ["*/*"] } },
      { fields: [...HTML, ["Content-Length", "100"]] },
      { status: 404 },
      { status: 500, method: "POST" },
      { accept: "*" },
    ];
    for (const test of cases) assert.ok(await isCompressed(test), JSON.stringify(test));
  });

  it("says that it depends on the request, if it does", async () => {
    assert.equal((await respond({ accept: "" })).fields["vary"], "Accept-Encoding");
    assert.equal(
      (await respond({ accept: "", fields: [...HTML, ["Vary", "accept-encoding"]] })).fields["vary"],
      "accept-encoding",
    );
    assert.equal((await respond({ fields: [...HTML, ["Vary", "*"]] })).fields["vary"], "*");
    assert.equal((await respond({ fields: [["Content-Type", "image/png"]] })).fields["vary"], undefined);
    assert.equal((await respond({ fields: [...HTML, ["Content-Length", "1"]] })).fields["vary"], undefined);
  });

  it("keeps tags that are weak or none", async () => {
    assert.equal((await respond({ fields: [...HTML, ["ETag", 'W/"a"']] })).fields["etag"], 'W/"a"');
    assert.equal((await respond({})).fields["etag"], undefined);
    assert.equal((await respond({ accept: "", fields: [...HTML, ["ETag", '"a"']] })).fields["etag"], '"a"');
  });

  it("renews what the client has by the tag that it has", async () => {
    const test: Case = { status: 304, fields: [["ETag", '"a"']], hasBody: false };
    const weak = await respond({ ...test, request: [["If-None-Match", '"b", W/"a"']] });
    assert.deepEqual(weak.fields, { etag: 'W/"a"', vary: "Accept-Encoding" });
    const strong = await respond({ ...test, request: [["If-None-Match", '"a"']] });
    assert.deepEqual(strong.fields, { etag: '"a"' });
  });

  it("goes by what the client sent", async () => {
    const filter = await start();
    const exchange = new TestExchange({ fields: [["Accept-Encoding", "zstd"]] });
    await exchange.ask(filter);
    exchange.request.fields.delete("accept-encoding");
    assert.equal((await exchange.respond(filter, 200, HTML)).fields.get("content-encoding"), "zstd");
  });

  it("names wrong options", async () => {
    const wrong: Partial<CompressionOptions>[] = [
      { algorithms: [] },
      { types: ["text"] },
      { types: ["*/html"] },
      { types: ["text/html; charset=utf-8"] },
      { minimumBytes: -1 },
      { level: 12 },
    ];
    for (const change of wrong) {
      assert.throws(() => compression({ ...OPTIONS, ...change }), { code: "ERR_FILTER_OPTIONS" });
    }
    const old = { ...zlib, createZstdCompress: undefined } as unknown as typeof zlib;
    assert.throws(() => makeCodecs(old, ALL, 0), { code: "ERR_FILTER_OPTIONS", message: /lacks zstd/ });
  });
});

describe("compression: bodies", () => {
  const text = Buffer.from("All work and no play makes a dull proxy. ".repeat(20_000));

  for (const name of ALL) {
    it(`can be read again: ${name}`, async () => {
      for (const level of [0, 1, 9]) {
        const { transforms } = await respond({ accept: name, options: { level } });
        const [transform] = transforms;
        assert.ok(transform);
        const pieces = [text.subarray(0, 1), text.subarray(1, 1), text.subarray(1, 100_000), text.subarray(100_000)];
        const results = await transformPieces(transform, pieces);
        assert.deepEqual(DECODE[name](joinPieces(results)), text);
        assert.ok(joinPieces(results).length < text.length / 10);
      }
    });

    it(`may be empty, or not compressible: ${name}`, async () => {
      const random = crypto.getRandomValues(new Uint8Array(65_536));
      for (const pieces of [[], [random], Array.from({ length: 20 }, () => random)]) {
        const { transforms } = await respond({ accept: name });
        const [transform] = transforms;
        assert.ok(transform);
        const results = joinPieces(await transformPieces(transform, pieces));
        assert.deepEqual(Buffer.from(DECODE[name](results)), Buffer.from(joinPieces(pieces)));
      }
    });

    it(`has each event at once: ${name}`, async () => {
      const { transforms } = await respond({ accept: name, fields: [["Content-Type", "text/event-stream"]] });
      const [transform] = transforms;
      assert.ok(transform);
      const decoder = new Decoder(name);
      for (let event = 0; event < 50; event++) {
        const sent = `data: ${"x".repeat(event * 100)} ${event}\n\n`;
        const passed = joinPieces(await transform.onPiece(Buffer.from(sent)));
        assert.equal(await decoder.read(passed, sent.length), sent);
      }
      await transform.onEnd?.();
      decoder.close();
    });

    it(`is let go of when it is aborted: ${name}`, async () => {
      const codec = makeCodecs(zlib, [name], 0).get(name);
      assert.ok(codec);
      let closed: Promise<void> | undefined;
      const create = (): ReturnType<typeof codec.create> => {
        const stream = codec.create();
        closed = new Promise((resolve) => stream.once("close", () => resolve()));
        return stream;
      };
      const compressor = new Compressor({ ...codec, create }, false);
      compressor.onAbort();
      await compressor.onPiece(text);
      const pending = compressor.onPiece(text);
      compressor.onAbort();
      await pending.catch(() => undefined);
      await closed;
      assert.equal(await compressor.onPiece(text), undefined);
      assert.equal(await compressor.onEnd(), undefined);
    });
  }

  it("fails if the codec does, and stays so", async () => {
    const create = (): CompressionStreamOfZlib => {
      const broken = new Transform({ transform: (_piece, _encoding, done) => done(new Error("broken")) });
      return Object.assign(broken, { flush: (_kind: number, callback: () => void): void => callback() });
    };
    const compressor = new Compressor({ create, flushKind: 0 }, false);
    await assert.rejects(compressor.onPiece(text), /broken/);
    await assert.rejects(compressor.onPiece(text), /broken/);
    await assert.rejects(compressor.onEnd(), /broken/);
  });
});

/** Reads a compressed stream as far as it has come. */
class Decoder {
  readonly #stream: ReturnType<typeof zlib.createGunzip>;
  #text = "";
  #wake: () => void = () => undefined;

  constructor(name: Algorithm) {
    const functions = {
      br: zlib.createBrotliDecompress,
      zstd: zlib.createZstdDecompress,
      gzip: zlib.createGunzip,
      deflate: zlib.createInflate,
    };
    this.#stream = functions[name]() as ReturnType<typeof zlib.createGunzip>;
    this.#stream.on("data", (bytes: Uint8Array) => {
      this.#text += Buffer.from(bytes).toString();
      this.#wake();
    });
  }

  /** That many characters, which are in what has been read. */
  async read(bytes: Uint8Array, length: number): Promise<string> {
    this.#stream.write(bytes);
    while (this.#text.length < length) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const text = this.#text;
    this.#text = "";
    return text;
  }

  close(): void {
    this.#stream.destroy();
  }
}

describe("chooseEncoding", () => {
  const cases: [value: string, expected: Algorithm | null][] = [
    ["", null],
    ["gzip", "gzip"],
    ["gzip, deflate, br, zstd", "br"],
    ["deflate, gzip", "gzip"],
    ["gzip;q=0.5, deflate;q=0.8", "deflate"],
    ["GZIP ; Q=0.5 , br;q=0.001", "gzip"],
    ["x-gzip", "gzip"],
    ["*", "br"],
    ["*;q=0.5, br;q=0", "zstd"],
    ["*;q=0", null],
    ["gzip, *;q=0", "gzip"],
    ["identity", null],
    ["identity;q=0", null],
    ["identity;q=0, gzip", "gzip"],
    ["identity;q=0.9, gzip;q=0.5", null],
    ["identity;q=0.5, gzip;q=0.5", "gzip"],
    ["identity, gzip", "gzip"],
    ["gzip;q=0", null],
    ["gzip;q=0.000", null],
    ["gzip;q=2", null],
    ["gzip;q=0.1234", null],
    ["gzip;q=", null],
    ["gzip;q=-1", null],
    ["gzip;q=1;q=0.1", null],
    ["gzip;x=1", null],
    ["gzip;q=0, gzip", null],
    ["gzipped", null],
    [",,, ;q=1, gzip", "gzip"],
  ];
  for (const [value, expected] of cases) {
    it(`chooses ${expected} for "${value}"`, () => assert.equal(chooseEncoding(value, ALL), expected));
  }

  it("never chooses what has no weight", () => {
    const weight = fc.constantFrom("", ";q=0", ";q=0.3", ";q=0.7", ";q=1");
    const item = fc.tuple(fc.constantFrom<Algorithm[]>("br", "gzip", "deflate", "zstd"), weight);
    fc.assert(
      fc.property(fc.uniqueArray(item, { selector: ([name]) => name }), (items) => {
        const weights = items.map(([name, text]) => [name, text === "" ? 1 : Number(text.slice(3))] as const);
        const chosen = chooseEncoding(items.map((parts) => parts.join("")).join(", "), ALL);
        const highest = Math.max(0, ...weights.map(([, value]) => value));
        if (highest === 0) assert.equal(chosen, null);
        else assert.deepEqual(weights.find(([name]) => name === chosen)?.[1], highest);
      }),
    );
  });

  it("stands a very long list", () => {
    assert.equal(chooseEncoding("x;q=0.5,".repeat(20_000), ALL), null);
  });
});
