import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BAD_RESPONSES } from "../http/test_bad_heads.ts";
import { latin1 } from "../http/test_messages.ts";
import type { Peer } from "../proxy/http/test_http_bench.ts";
import { leaseBytes } from "../ring/lease.ts";
import type { HttpClientOptions } from "./client_options.ts";
import { HttpClientError, type HttpClientErrorCode } from "./errors.ts";
import type { HttpClient } from "./http_client.ts";
import { WebBench } from "./test_web_bench.ts";

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/** A client, whose server is the test. */
async function withClient(
  use: (client: HttpClient, bench: WebBench) => Promise<void>,
  options: HttpClientOptions = {},
): Promise<void> {
  const bench = new WebBench();
  const client = await bench.httpClient(options);
  await use(client, bench);
  await bench.until(client.close());
  await bench.pass();
  await bench.end();
}

/** The connection of that number, once a whole head has arrived on it. */
async function requested(bench: WebBench, index = 0): Promise<Peer> {
  await bench.untilTrue(() => bench.accepted[index]?.text.includes("\r\n\r\n") === true, "a request");
  return bench.accepted[index] as Peer;
}

function take(peer: Peer): string {
  const { text } = peer;
  peer.text = "";
  return text;
}

async function failsWith(bench: WebBench, promise: Promise<unknown>, code: HttpClientErrorCode): Promise<void> {
  await assert.rejects(bench.until(promise), (error: unknown) => {
    assert.ok(error instanceof HttpClientError, String(error));
    assert.equal(error.code, code, error.message);
    assert.equal(error.operation, "fetch");
    return true;
  });
}

describe("a request", () => {
  it("has the head that it needs, and no more", async () => {
    await withClient(async (client, bench) => {
      const got = client.fetch(`${bench.origin}/a%20b?c#d`, { headers: { "X-One": "1" } });
      const peer = await requested(bench);
      assert.equal(take(peer), "GET /a%20b?c HTTP/1.1\r\nhost: 127.0.0.1:10000\r\nx-one: 1\r\naccept: */*\r\n\r\n");
      peer.send(OK);
      const response = await bench.until(got);
      assert.equal(response.status, 200);
      assert.equal(response.url, `${bench.origin}/a%20b?c#d`);
      assert.equal(await bench.until(response.text()), "ok");
    });
  });

  it("has a body with its length, where that is known", async () => {
    const form = new FormData();
    form.append("a", "b");
    const bodies: readonly (readonly [BodyInit, RegExp])[] = [
      ["abc", /content-type: text\/plain;charset=utf-8\r\n.*content-length: 3\r\n\r\nabc$/is],
      [new Uint8Array([97, 98]), /\*\/\*\r\ncontent-length: 2\r\n\r\nab$/],
      [new Blob(["abc"], { type: "x/y" }), /content-type: x\/y\r\n.*content-length: 3\r\n\r\nabc$/s],
      [new URLSearchParams({ a: "b" }), /content-type: application\/x-www-form-urlencoded.*length: 3\r\n\r\na=b$/is],
      [form, /content-type: multipart\/form-data; ?boundary=.*content-length: \d+\r\n\r\n--.*name="a".*b\r\n--/s],
      [new Uint8Array([97]).buffer, /content-length: 1\r\n\r\na$/],
      [stream(["ab", "c"], 1), /transfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n$/],
      [stream(["abc"], 0), /content-length: 3\r\n\r\nabc$/],
    ];
    await withClient(async (client, bench) => {
      for (const [body, expected] of bodies) {
        const init = { method: "POST", body, duplex: "half" } satisfies RequestInit & { duplex: string };
        const got = client.fetch(bench.origin, init);
        const peer = await requested(bench);
        await bench.pass();
        assert.match(take(peer), expected);
        peer.send(OK);
        await (await bench.until(got)).body?.cancel();
        await bench.pass();
      }
      assert.equal(bench.accepted.length, 1);
    });
  });

  it("may be a Request", async () => {
    await withClient(async (client, bench) => {
      const request = new Request(`${bench.origin}/x`, { method: "PUT", body: "abc", headers: { "x-a": "b" } });
      const got = client.fetch(request, { headers: { "x-c": "d" } });
      const peer = await requested(bench);
      await bench.pass();
      const text = take(peer);
      assert.match(text, /^PUT \/x HTTP\/1\.1\r\n/);
      assert.match(text, /\r\nx-c: d\r\n/);
      assert.doesNotMatch(text, /x-a/);
      assert.match(text, /abc/);
      peer.send(OK);
      await bench.until(got);
    });
  });

  it("that can't be sent is refused before anything is", async () => {
    await withClient(async (client, bench) => {
      const refused: readonly (readonly [HttpClientErrorCode, string, RequestInit?])[] = [
        ["ERR_URL", "no url"],
        ["ERR_URL", "ftp://127.0.0.1/"],
        ["ERR_URL", "http://a:b@127.0.0.1/"],
        ["ERR_TLS", "https://127.0.0.1/"],
        ["ERR_REQUEST", bench.origin, { method: "CONNECT" }],
        ["ERR_REQUEST", bench.origin, { method: "TRACE" }],
        ["ERR_REQUEST", bench.origin, { method: "A B" }],
        ["ERR_REQUEST", bench.origin, { method: "GET", body: "x" }],
        ["ERR_REQUEST", bench.origin, { redirect: "follow" }],
        ["ERR_REQUEST", bench.origin, { method: "POST", body: stream(["x"], 0), headers: { "content-length": "x" } }],
      ];
      for (const [code, url, init] of refused) {
        await failsWith(bench, client.fetch(url, init), code);
        await assert.rejects(client.fetch(url, init), { source: "internal" });
      }
      assert.equal(bench.accepted.length, 0);
    });
  });

  it("whose stream is not as long as promised ends its connection", async () => {
    for (const length of ["2", "4"]) {
      await withClient(async (client, bench) => {
        const init = { method: "POST", body: stream(["abc"], 1), headers: { "content-length": length } };
        const got = client.fetch(bench.origin, init);
        await failsWith(bench, got, "ERR_REQUEST");
        await bench.pass();
        assert.ok(bench.accepted.every(({ isClosed }) => isClosed));
      });
    }
  });
});

/** A stream that waits so many turns of the loop before each piece. */
function stream(pieces: readonly string[], turns: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  const left = [...pieces];
  return new ReadableStream({
    async pull(controller) {
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      const piece = left.shift();
      if (piece !== undefined) controller.enqueue(new TextEncoder().encode(piece));
      if (left.length === 0) controller.close();
    },
  });
}

describe("a response", () => {
  it("is framed in all ways that there are", async () => {
    const texts = [
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x\r\nllo\r\n0\r\nT: u\r\n\r\n",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    ];
    for (const pieceBytes of [1, 7, 1000]) {
      await withClient(async (client, bench) => {
        for (const text of texts) {
          const got = client.fetch(bench.origin);
          const peer = await requested(bench);
          take(peer);
          for (let at = 0; at < text.length; at += pieceBytes) {
            peer.send(text.slice(at, at + pieceBytes));
            await bench.pass(1);
          }
          assert.equal(await bench.until((await bench.until(got)).text()), "hello");
          await bench.pass();
        }
        assert.equal(bench.accepted.length, 1, "the connection was kept");
      });
    }
    await withClient(async (client, bench) => {
      const got = client.fetch(bench.origin);
      const peer = await requested(bench);
      peer.send("HTTP/1.1 200 OK\r\n\r\nhel");
      const response = await bench.until(got);
      peer.send("lo");
      peer.connection.shutdownWrite();
      assert.equal(await bench.until(response.text()), "hello");
    });
  });

  it("has no body where there is none", async () => {
    await withClient(async (client, bench) => {
      for (const [method, text] of [
        ["HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"],
        ["GET", "HTTP/1.1 204 No Content\r\n\r\n"],
        ["GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"],
        ["GET", "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n"],
      ] as const) {
        const got = client.fetch(bench.origin, { method });
        const peer = await requested(bench);
        take(peer);
        peer.send(text);
        const response = await bench.until(got);
        assert.equal(response.body, null);
        assert.equal(await response.text(), "");
      }
      assert.equal(bench.accepted.length, 1);
    });
  });

  it("that is not exactly what the rules say is an error, and its connection is closed", async () => {
    for (const [, section, text] of BAD_RESPONSES) {
      await withClient(async (client, bench) => {
        const got = client.fetch(bench.origin);
        const peer = await requested(bench);
        peer.connection.write(leaseBytes(latin1(text)));
        await failsWith(bench, got, "ERR_RESPONSE");
        await assert.rejects(got, (error: Error) => error.message.includes("RFC "), section);
        await bench.pass();
        assert.equal(peer.isClosed, true);
      });
    }
  });

  it("that is followed by something else is not followed by a request", async () => {
    await withClient(async (client, bench) => {
      const got = client.fetch(bench.origin);
      const peer = await requested(bench);
      peer.send(`${OK}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil`);
      assert.equal(await bench.until((await bench.until(got)).text()), "ok");
      const again = client.fetch(bench.origin);
      (await requested(bench, 1)).send(OK);
      assert.equal(await bench.until((await bench.until(again)).text()), "ok");
    });
  });

  it("whose body breaks a rule or ends too early makes reading it fail", async () => {
    await withClient(async (client, bench) => {
      const cut = client.fetch(bench.origin);
      const peer = await requested(bench);
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
      const response = await bench.until(cut);
      peer.connection.shutdownWrite();
      await failsWith(bench, response.text(), "ERR_BODY_INCOMPLETE");
      const bad = client.fetch(bench.origin);
      const other = await requested(bench, 1);
      other.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
      const second = await bench.until(bad);
      other.send("loXX");
      await failsWith(bench, second.text(), "ERR_RESPONSE");
    });
  });

  it("is received no faster than it is read, and not at all once it is cancelled", async () => {
    await withClient(async (client, bench) => {
      const got = client.fetch(bench.origin);
      const peer = await requested(bench);
      const totalBytes = 2_000_000;
      peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${totalBytes}\r\n\r\n`);
      for (let sent = 0; sent < totalBytes; sent += 100_000) peer.send("x".repeat(100_000));
      const response = await bench.until(got);
      await bench.pass(300);
      assert.ok(peer.connection.bytesWritten < 400_000, `${peer.connection.bytesWritten}`);
      const bytes = await bench.until(response.arrayBuffer());
      assert.equal(bytes.byteLength, totalBytes);
      take(peer);
      const unwanted = client.fetch(bench.origin);
      await requested(bench);
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx");
      await (await bench.until(unwanted)).body?.cancel();
      await bench.pass();
      assert.equal(peer.isClosed, true);
    });
  });

  it("that redirects is returned, or an error if that is wanted", async () => {
    await withClient(async (client, bench) => {
      const moved = "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n";
      const got = client.fetch(bench.origin);
      const peer = await requested(bench);
      peer.send(moved);
      assert.equal((await bench.until(got)).headers.get("location"), "/there");
      take(peer);
      const refused = client.fetch(bench.origin, { redirect: "error" });
      await requested(bench);
      peer.send(moved);
      await failsWith(bench, refused, "ERR_REDIRECT");
    });
  });

  it("may come before the request is complete, whose stream is then cancelled", async () => {
    let isCancelled = false;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array([97])),
      cancel() {
        isCancelled = true;
      },
    });
    await withClient(async (client, bench) => {
      const got = client.fetch(bench.origin, { method: "POST", body, duplex: "half" } as RequestInit);
      const peer = await requested(bench);
      peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
      assert.equal((await bench.until(got)).status, 413);
      await bench.pass();
      assert.equal(isCancelled, true);
      assert.equal(peer.hasEnded, true);
    });
  });
});

describe("connections", () => {
  it("are as many as allowed, and requests wait for them in order", async () => {
    await withClient(
      async (client, bench) => {
        const all = Promise.allSettled(
          Array.from({ length: 6 }, async (_, index) => (await client.fetch(`${bench.origin}/${index}`)).text()),
        );
        const rounds: string[] = [];
        for (const count of [2, 2, 1]) {
          const asked = () => bench.accepted.filter(({ text }) => text.includes("\r\n\r\n"));
          await bench.untilTrue(() => asked().length === count, "requests");
          const paths: string[] = [];
          for (const peer of asked()) {
            paths.push(/^GET (\S+)/.exec(take(peer))?.[1] ?? "");
            peer.send(OK);
          }
          rounds.push(paths.sort().join());
        }
        assert.deepEqual(rounds, ["/0,/1", "/2,/3", "/4"]);
        const results = await bench.until(all);
        assert.deepEqual(
          results.map(({ status }) => status),
          [...new Array<string>(5).fill("fulfilled"), "rejected"],
        );
        assert.equal((results[5] as PromiseRejectedResult).reason.code, "ERR_POOL");
        assert.equal(bench.accepted.length, 2);
      },
      { connectionsPerOrigin: 2, waitingRequests: 3 },
    );
  });

  it("that take too long to become free are an error", async () => {
    await withClient(
      async (client, bench) => {
        const first = client.fetch(bench.origin);
        await requested(bench);
        await failsWith(bench, client.fetch(bench.origin), "ERR_POOL");
        (await requested(bench)).send(OK);
        await bench.until(first);
      },
      { connectionsPerOrigin: 1, waitingTimeoutMs: 1000 },
    );
  });

  it("without a request are closed after a while", async () => {
    await withClient(
      async (client, bench) => {
        const got = client.fetch(bench.origin);
        const peer = await requested(bench);
        peer.send(OK);
        await bench.until(got);
        await bench.pass(900);
        assert.equal(peer.isClosed, false);
        await bench.pass(1200);
        assert.equal(peer.hasEnded, true);
      },
      { idleTimeoutMs: 1000 },
    );
  });

  /** A request on a connection that served one before, and ends at that moment. */
  async function onStale(init: RequestInit, use: (bench: WebBench, got: Promise<Response>) => Promise<void>) {
    await withClient(async (client, bench) => {
      const first = client.fetch(bench.origin);
      const peer = await requested(bench);
      take(peer);
      peer.send(OK);
      await bench.until(first);
      const got = client.fetch(bench.origin, init);
      await requested(bench);
      peer.connection.reset();
      await use(bench, got);
    });
  }

  it("that were closed unused are replaced, if the request may be sent again", async () => {
    for (const init of [{}, { method: "PUT", body: "abc" }, { method: "DELETE" }]) {
      await onStale(init, async (bench, got) => {
        const peer = await requested(bench, 1);
        await bench.pass();
        assert.match(peer.text, init.body === undefined ? /\r\n\r\n$/ : /\r\n\r\nabc$/);
        peer.send(OK);
        assert.equal((await bench.until(got)).status, 200);
      });
    }
    for (const init of [
      { method: "POST", body: "abc" },
      { method: "PATCH" },
      { method: "PUT", body: stream(["a"], 0) },
    ]) {
      await onStale(init, async (bench, got) => {
        await failsWith(bench, got, "ERR_UPSTREAM_CLOSED");
        assert.equal(bench.accepted.length, 1);
      });
    }
  });

  it("that end before the response are no reason to send it again", async () => {
    await withClient(async (client, bench) => {
      const got = client.fetch(bench.origin);
      (await requested(bench)).connection.shutdownWrite();
      await failsWith(bench, got, "ERR_UPSTREAM_CLOSED");
      assert.equal(bench.accepted.length, 1);
    });
  });

  it("that can't be made are an error with its cause", async () => {
    await withClient(async (client, bench) => {
      const got = client.fetch("http://127.0.0.1:9/");
      await failsWith(bench, got, "ERR_CONNECT");
      await assert.rejects(got, (error: HttpClientError) => {
        assert.equal((error.cause as { code: string }).code, "ECONNREFUSED");
        return error.source === "upstream";
      });
    });
  });
});

describe("a time that is over", () => {
  it("ends connecting", async () => {
    await withClient(
      async (client, bench) => {
        bench.network.faults.set({ connectHangProbability: 1 });
        await failsWith(bench, client.fetch(bench.origin), "ERR_CONNECT_TIMEOUT");
      },
      { connectTimeoutMs: 1000 },
    );
  });

  it("ends waiting for a response, and for its body", async () => {
    await withClient(
      async (client, bench) => {
        await failsWith(bench, client.fetch(bench.origin), "ERR_RESPONSE_TIMEOUT");
        const got = client.fetch(bench.origin);
        const peer = await requested(bench, 1);
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
        const response = await bench.until(got);
        await failsWith(bench, response.text(), "ERR_BODY_TIMEOUT");
        await bench.pass();
        assert.ok(bench.accepted.every(({ isClosed }) => isClosed));
      },
      { responseTimeoutMs: 1000, bodyTimeoutMs: 1000 },
    );
  });
});

describe("a signal", () => {
  it("ends a request at any time", async () => {
    await withClient(async (client, bench) => {
      const reason = new Error("not wanted");
      const aborted = AbortSignal.abort(reason);
      await assert.rejects(client.fetch(bench.origin, { signal: aborted }), reason);
      const waiting = new AbortController();
      const got = client.fetch(bench.origin, { signal: waiting.signal });
      const peer = await requested(bench);
      waiting.abort(reason);
      await assert.rejects(got, reason);
      await bench.pass();
      assert.equal(peer.isClosed, true);
      const reading = new AbortController();
      const read = client.fetch(bench.origin, { signal: reading.signal });
      const other = await requested(bench, 1);
      other.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
      const response = await bench.until(read);
      const text = response.text();
      await bench.pass();
      reading.abort(reason);
      await assert.rejects(text, reason);
      await bench.pass();
      assert.equal(other.isClosed, true);
    });
  });

  it("has nothing to do with a request that is over", async () => {
    await withClient(async (client, bench) => {
      const abort = new AbortController();
      const got = client.fetch(bench.origin, { signal: abort.signal });
      (await requested(bench)).send(OK);
      const response = await bench.until(got);
      await bench.pass();
      abort.abort();
      assert.equal(await response.text(), "ok");
      assert.equal(bench.accepted[0]?.isClosed, false);
    });
  });
});

describe("a client that is closed", () => {
  it("ends what is under way, and fetches no more", async () => {
    await withClient(async (client, bench) => {
      const got = client.fetch(bench.origin);
      await requested(bench);
      const closed = client.close();
      await failsWith(bench, got, "ERR_CLIENT_CLOSED");
      await bench.until(closed);
      await failsWith(bench, client.fetch(bench.origin), "ERR_CLIENT_CLOSED");
    });
  });
});
