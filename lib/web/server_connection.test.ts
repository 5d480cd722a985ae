import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { FAULT } from "../http/fault.ts";
import { BAD_BODIES } from "../http/test_bad_bodies.ts";
import { BAD_REQUESTS } from "../http/test_bad_heads.ts";
import { latin1 } from "../http/test_messages.ts";
import type { Peer } from "../proxy/http/test_http_bench.ts";
import { leaseBytes } from "../ring/lease.ts";
import { HttpServerError } from "./errors.ts";
import type { ServeHandler, ServeOptions } from "./serve_options.ts";
import { WebBench, withoutDate } from "./test_web_bench.ts";

const HELLO: ServeHandler = () => new Response("hello", { headers: { "content-type": "text/plain" } });
const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const HELLO_RESPONSE = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello";
const CHUNKED_POST = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

/** One server and what happens on it. */
async function onServer(
  handler: ServeHandler,
  use: (bench: WebBench) => Promise<void>,
  options: ServeOptions = {},
): Promise<WebBench> {
  const bench = new WebBench();
  const server = await bench.serve(handler, options);
  await use(bench);
  await bench.until(server.close());
  await bench.end();
  return bench;
}

function sendBytes(peer: Peer, text: string): void {
  peer.connection.write(leaseBytes(latin1(text)));
}

/** What has arrived, but for dates. */
function received(peer: Peer): string {
  return withoutDate(peer.text);
}

function statusOf(peer: Peer): number {
  return Number(peer.text.split(" ")[1]);
}

describe("a connection", () => {
  it("is kept for one request after the other", async () => {
    await onServer(HELLO, async (bench) => {
      const peer = await bench.client(GET);
      assert.match(peer.text, /^date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r$/m);
      assert.equal(received(peer), HELLO_RESPONSE);
      peer.send(GET);
      await bench.pass();
      assert.equal(received(peer), HELLO_RESPONSE.repeat(2));
      assert.equal(peer.hasEnded, false);
    });
  });

  it("is closed after the response if the client or the handler wants it", async () => {
    await onServer(HELLO, async (bench) => {
      const peer = await bench.client("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      assert.match(peer.text, /^connection: close\r$/m);
      assert.equal(peer.hasEnded, true);
    });
    await onServer(
      () => new Response("bye", { headers: { connection: "Close" } }),
      async (bench) => {
        const peer = await bench.client(GET);
        assert.match(peer.text, /^connection: close\r$/m);
        assert.equal(peer.hasEnded, true);
      },
    );
  });

  it("of HTTP/1.0 is kept if the client asks for it, and gets no chunks", async () => {
    await onServer(HELLO, async (bench) => {
      const peer = await bench.client("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      assert.match(peer.text, /^connection: keep-alive\r$/m);
      peer.send("GET / HTTP/1.0\r\n\r\n");
      await bench.pass();
      assert.equal(peer.hasEnded, true);
    });
    await onServer(
      () => new Response(slowStream(["one", "two"])),
      async (bench) => {
        const peer = await bench.client("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        await bench.pass();
        assert.match(peer.text, /connection: close\r\n\r\nonetwo$/);
        assert.equal(peer.hasEnded, true);
      },
    );
  });

  it("tells where it comes from and where it goes to", async () => {
    await onServer(
      (request, { remoteAddress, localAddress }) => Response.json({ url: request.url, remoteAddress, localAddress }),
      async (bench) => {
        const peer = await bench.client("GET /a?b HTTP/1.0\r\n\r\n");
        const said = JSON.parse(peer.text.slice(peer.text.indexOf("{"))) as Record<string, { port: number }>;
        assert.equal(said["url"], "http://127.0.0.1:10000/a?b");
        assert.equal(said["localAddress"]?.port, 10_000);
        assert.equal(typeof said["remoteAddress"]?.port, "number");
      },
    );
  });
});

/** A stream whose pieces come in turns of the loop of their own, or at once. */
function slowStream(pieces: readonly string[], turns = 1): ReadableStream<Uint8Array<ArrayBuffer>> {
  const left = [...pieces];
  return new ReadableStream({
    async pull(controller) {
      if (turns > 0) await new Promise((resolve) => setImmediate(resolve));
      const piece = left.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(piece));
    },
  });
}

describe("requests", () => {
  const echo: ServeHandler = async (request) => {
    const fields = [...request.headers].map(([name, value]) => `${name}=${value}`).join("|");
    return new Response(`${request.method} ${request.url} ${fields} ${await request.text()}`);
  };

  async function echoed(text: string): Promise<string> {
    let body = "";
    await onServer(echo, async (bench) => {
      const peer = await bench.client();
      sendBytes(peer, text);
      await bench.pass();
      body = peer.text.slice(peer.text.indexOf("\r\n\r\n") + 4);
    });
    return body;
  }

  it("have the method, the URL, the fields and the body that were sent", async () => {
    assert.equal(
      await echoed(
        "PUT /a%20b?c=d HTTP/1.1\r\nHost: Example.com:81\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 3\r\n\r\nabc",
      ),
      "PUT http://example.com:81/a%20b?c=d content-length=3|host=Example.com:81|x-a=1, 2 abc",
    );
    assert.match(
      await echoed("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x\r\nd\r\n0\r\n\r\n"),
      / abcd$/,
    );
    assert.match(await echoed("GET http://b/c HTTP/1.1\r\nHost: a\r\n\r\n"), /^GET http:\/\/b\/c /);
    assert.match(await echoed("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), /^OPTIONS http:\/\/a\/\* /);
    assert.match(await echoed("GET //b/c HTTP/1.1\r\nHost: a\r\n\r\n"), /^GET http:\/\/a\/\/b\/c /);
    assert.match(await echoed("GET / HTTP/1.1\r\nHost: a\r\nX: \xe4\r\n\r\n"), /x=\xc3\xa4/);
  });

  it("have no body with GET, whatever was sent", async () => {
    const seen: (ReadableStream | null)[] = [];
    await onServer(
      (request) => {
        seen.push(request.body);
        return new Response("x");
      },
      async (bench) => {
        const peer = await bench.client("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
        peer.send(`abc${GET}`);
        await bench.pass();
        assert.equal(peer.text.match(/HTTP\/1\.1 200 OK/g)?.length, 2);
      },
    );
    assert.deepEqual(seen, [null, null]);
  });

  it("are not read further than their responses have got", async () => {
    let finish = () => {};
    const handler: ServeHandler = async () => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return new Response("x", { headers: { connection: "close" } });
    };
    await onServer(handler, async (bench) => {
      const peer = await bench.client();
      for (let round = 0; round < 100; round++) peer.send(GET.repeat(1000));
      await bench.pass(500);
      // What the network holds, and what arrived before the pause.
      assert.ok(peer.connection.bytesWritten < 400_000, `${peer.connection.bytesWritten}`);
      finish();
      await bench.untilTrue(() => peer.hasEnded || peer.isClosed, "the connection was closed");
    });
    // A body that the handler can't have is no reason to go on reading either.
    await onServer(handler, async (bench) => {
      const peer = await bench.client("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n");
      for (let round = 0; round < 30; round++) peer.send("x".repeat(100_000));
      await bench.pass(500);
      assert.ok(peer.connection.bytesWritten < 400_000, `${peer.connection.bytesWritten}`);
      finish();
      await bench.untilTrue(() => peer.hasEnded || peer.isClosed, "the connection was closed");
    });
  });

  it("that the web platform has no words for are refused", async () => {
    for (const [text, status] of [
      ["CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 405],
      ["TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405],
      ["get / HTTP/1.1\r\nHost: a\r\n\r\n", 501],
      ["pOST / HTTP/1.1\r\nHost: a\r\n\r\n", 501],
    ] as const) {
      await onServer(
        () => assert.fail("it is not called"),
        async (bench) => assert.equal(statusOf(await bench.client(text)), status, text),
      );
    }
  });

  it("get the same responses however they are cut", async () => {
    const handler: ServeHandler = async (request) => {
      const body = await request.text();
      return new Response(`${request.method} ${new URL(request.url).pathname} ${body}`);
    };
    const text =
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n" +
      "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabcdef" +
      "\r\nPUT /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
      "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\n" +
      "HEAD /4 HTTP/1.1\r\nHost: a\r\n\r\n" +
      "POST /5 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" +
      "GET /6 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /7";
    const answer = async (pieces: readonly string[]): Promise<string> => {
      let all = "";
      await onServer(handler, async (bench) => {
        const peer = await bench.client();
        for (const piece of pieces) {
          peer.send(piece);
          await bench.pass(2);
        }
        await bench.untilTrue(() => peer.hasEnded, "the connection was closed");
        all = received(peer);
      });
      return all;
    };
    const whole = await answer([text]);
    assert.equal(whole.match(/HTTP\/1\.1 200 OK/g)?.length, 6);
    for (const part of ["GET /1 ", "POST /2 abcdef", "PUT /3 abcde", "POST /5 ", "GET /6 "])
      assert.ok(whole.includes(part));
    assert.equal(await answer([...text]), whole, "one byte at a time");
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: text.length - 1 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(cuts, async (positions) => {
        const sorted = [0, ...positions.sort((one, other) => one - other), text.length];
        const pieces = sorted.slice(1).map((end, index) => text.slice(sorted[index], end));
        assert.equal(await answer(pieces), whole);
      }),
      { numRuns: 40 },
    );
  });

  it("in a pipeline are answered in their order, one after the other", async () => {
    let active = 0;
    let mostActive = 0;
    const handler: ServeHandler = async (request) => {
      mostActive = Math.max(mostActive, ++active);
      const rounds = Math.floor(Math.random() * 4);
      for (let round = 0; round < rounds; round++) await new Promise((resolve) => setImmediate(resolve));
      active--;
      return new Response(new URL(request.url).pathname);
    };
    await onServer(handler, async (bench) => {
      const paths = Array.from({ length: 50 }, (_, index) => `/${index}`);
      const peer = await bench.client(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(""));
      await bench.untilTrue(() => (peer.text.match(/HTTP\/1\.1 200/g)?.length ?? 0) === 50, "all responses");
      await bench.pass();
      const bodies = [...peer.text.matchAll(/\r\n\r\n(\/\d+)/g)].map((match) => match[1]);
      assert.deepEqual(bodies, paths);
    });
    assert.equal(mostActive, 1);
  });
});

describe("a bad request", () => {
  it("gets the status of the rule that it breaks, and never to the handler", async () => {
    for (const [fault, , text] of BAD_REQUESTS) {
      await onServer(
        () => assert.fail("it is not called"),
        async (bench) => {
          const peer = await bench.client();
          sendBytes(peer, text);
          await bench.pass();
          assert.equal(statusOf(peer), FAULT[fault].status, JSON.stringify(text.slice(0, 200)));
          assert.match(peer.text, /^connection: close\r$/m);
          assert.equal(peer.hasEnded, true);
          peer.send(GET);
          await bench.pass();
          assert.equal(peer.text.match(/^HTTP\/1\.1 \d/gm)?.length, 1);
        },
      );
    }
  });

  it("in a body ends the request, whether the body came with the head or later", async () => {
    for (const [fault, , , text] of BAD_BODIES) {
      const { status } = FAULT[fault];
      for (const comesLater of [false, true]) {
        const errors: unknown[] = [];
        const handler: ServeHandler = async (request) => {
          try {
            await request.text();
          } catch (error) {
            errors.push(error);
            throw error;
          }
          return new Response("read");
        };
        const bench = await onServer(handler, async (bench) => {
          const peer = await bench.client(comesLater ? CHUNKED_POST : "");
          sendBytes(peer, `${comesLater ? "" : CHUNKED_POST}${text}`);
          await bench.pass();
          assert.equal(statusOf(peer), status, JSON.stringify(text.slice(0, 200)));
          assert.equal(peer.hasEnded, true);
        });
        assert.deepEqual(bench.problems, [], "it is the client's problem");
        const codes = errors.map((error) => (error as { code?: string }).code);
        assert.deepEqual(codes, comesLater ? [FAULT[fault].code] : []);
      }
    }
  });

  it("after good ones leaves their responses alone", async () => {
    await onServer(HELLO, async (bench) => {
      const peer = await bench.client(`${GET}${GET}GET / HTTP/1.1\r\n\r\n${GET}`);
      const statuses = [...peer.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]);
      assert.deepEqual(statuses, ["200", "200", "400"]);
      assert.equal(peer.hasEnded, true);
    });
  });
});

describe("a request's body", () => {
  it("is asked for when it is read first, if the client waits for that", async () => {
    let goOn = () => {};
    const handler: ServeHandler = async (request) => {
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      return new Response(await request.text());
    };
    await onServer(handler, async (bench) => {
      const head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
      const peer = await bench.client(head);
      assert.equal(peer.text, "");
      goOn();
      await bench.pass();
      assert.equal(peer.text, "HTTP/1.1 100 Continue\r\n\r\n");
      peer.send("abcde");
      await bench.pass();
      assert.match(peer.text, /\r\n\r\nabcde$/);
      // Not to a client that did not wait.
      peer.text = "";
      peer.send(head);
      await bench.pass();
      peer.send("ab");
      await bench.pass();
      goOn();
      await bench.pass();
      peer.send("cde");
      await bench.pass();
      assert.match(peer.text, /^HTTP\/1\.1 200 .*\r\n\r\nabcde$/s);
    });
  });

  it("that was waited with and not read closes the connection", async () => {
    await onServer(HELLO, async (bench) => {
      const peer = await bench.client(
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
      );
      assert.match(peer.text, /^HTTP\/1\.1 200 .*connection: close\r\n\r\nhello$/s);
      assert.equal(peer.hasEnded, true);
    });
  });

  it("that is longer than allowed is refused, as soon as that is known", async () => {
    const errors: unknown[] = [];
    let calls = 0;
    const handler: ServeHandler = async (request) => {
      calls++;
      const text = await request.text().catch((error: { code: string }) => errors.push(error.code));
      return new Response(String(text));
    };
    const options = { maximumBodyBytes: 10 };
    await onServer(
      handler,
      async (bench) => {
        const right = await bench.client("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789");
        assert.match(right.text, /\r\n\r\n0123456789$/);
        const said = await bench.client("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n");
        assert.deepEqual([statusOf(said), said.hasEnded, calls], [413, true, 1]);
        const whole = await bench.client(`${CHUNKED_POST}b\r\n0123456789a\r\n0\r\n\r\n`);
        assert.deepEqual([statusOf(whole), whole.hasEnded, calls], [413, true, 1]);
        const later = await bench.client(`${CHUNKED_POST}9\r\n012345678\r\n`);
        later.send("2\r\n9a\r\n");
        await bench.pass();
        assert.deepEqual([statusOf(later), later.hasEnded, calls], [413, true, 2]);
      },
      options,
    );
    assert.deepEqual(errors, ["ERR_HTTP_BODY_BYTES"]);
  });

  it("that is not read is dropped up to a bound", async () => {
    const post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";
    await onServer(
      HELLO,
      async (bench) => {
        const peer = await bench.client(post);
        assert.equal(received(peer), HELLO_RESPONSE);
        peer.send("x".repeat(1000));
        peer.send(GET);
        await bench.pass();
        assert.equal(received(peer), HELLO_RESPONSE.repeat(2));
      },
      { lingerBytes: 1000 },
    );
    await onServer(
      HELLO,
      async (bench) => {
        const peer = await bench.client(post);
        peer.send("x".repeat(1000));
        await bench.pass();
        assert.equal(received(peer), HELLO_RESPONSE);
        assert.equal(peer.hasEnded, true);
      },
      { lingerBytes: 999 },
    );
  });

  it("is received no faster than it is read", async () => {
    const totalBytes = 3_000_000;
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
    let finish = () => {};
    const handler: ServeHandler = async (request) => {
      reader = request.body?.getReader();
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return new Response("done");
    };
    await onServer(handler, async (bench) => {
      const peer = await bench.client(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${totalBytes}\r\n\r\n`);
      for (let sent = 0; sent < totalBytes; sent += 100_000) peer.send("x".repeat(100_000));
      await bench.pass(200);
      // What the network holds, the window, and what arrived before the pause.
      assert.ok(peer.connection.bytesWritten < 400_000, `${peer.connection.bytesWritten}`);
      let readBytes = 0;
      const reading = (async () => {
        while (readBytes < totalBytes) {
          const result = await reader?.read();
          if (result?.value === undefined) break;
          readBytes += result.value.length;
        }
      })();
      await bench.until(reading);
      assert.equal(readBytes, totalBytes);
      finish();
      await bench.pass();
      assert.match(peer.text, /\r\n\r\ndone$/);
    });
  });

  it("that the handler cancels is not received until there is a response", async () => {
    let finish = () => {};
    const handler: ServeHandler = async (request) => {
      await request.body?.cancel();
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return new Response("done");
    };
    await onServer(handler, async (bench) => {
      const peer = await bench.client("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
      for (let sent = 0; sent < 1_000_000; sent += 100_000) peer.send("x".repeat(100_000));
      await bench.pass(200);
      assert.ok(peer.connection.bytesWritten < 400_000, `${peer.connection.bytesWritten}`);
      finish();
      await bench.untilTrue(() => peer.isClosed || peer.hasEnded, "the connection was closed");
    });
  });
});

describe("a response's body", () => {
  it("comes in chunks if its length is not known, each as soon as it is there", async () => {
    let controller!: ReadableStreamDefaultController<Uint8Array | string>;
    const handler: ServeHandler = () => {
      const body = new ReadableStream<Uint8Array | string>({
        start(given) {
          controller = given;
        },
      });
      return new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>);
    };
    await onServer(handler, async (bench) => {
      const peer = await bench.client(GET);
      const head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
      assert.equal(received(peer), head);
      controller.enqueue(new Uint8Array([65, 66]));
      await bench.pass();
      assert.equal(received(peer), `${head}2\r\nAB\r\n`);
      controller.enqueue(new Uint8Array(0));
      controller.enqueue(new Uint8Array(20_000).fill(66));
      await bench.pass();
      controller.close();
      await bench.pass();
      assert.equal(received(peer), `${head}2\r\nAB\r\n4e20\r\n${"B".repeat(20_000)}\r\n0\r\n\r\n`);
      peer.text = "";
      peer.send(GET);
      await bench.pass();
      assert.equal(received(peer), head);
      controller.close();
      await bench.pass();
    });
  });

  it("that is there at once has a length, whatever it is made of", async () => {
    const form = new URLSearchParams({ a: "b" });
    const bodies: (() => BodyInit)[] = [
      () => "abc",
      () => new Uint8Array([97, 98, 99]),
      () => new Blob(["abc"]),
      () => form,
      () => slowStream(["abc"], 0),
      () => "x".repeat(200_000),
    ];
    for (const body of bodies) {
      await onServer(
        () => new Response(body()),
        async (bench) => {
          const peer = await bench.client(GET);
          await bench.untilTrue(() => peer.text.includes("\r\n\r\n"), "the head");
          const [head = ""] = peer.text.split("\r\n\r\n");
          const length = Number(/^content-length: (\d+)\r?$/m.exec(head)?.[1] ?? -1);
          assert.ok(length > 0, `${String(body()).slice(0, 20)}: ${head}`);
          await bench.untilTrue(() => peer.text.length === head.length + 4 + length, "the body");
        },
      );
    }
  });

  it("is not sent where there is none", async () => {
    const noBody = { 204: /^HTTP\/1\.1 204 No Content\r\n\r\n$/, 304: /^HTTP\/1\.1 304 Not Modified\r\n\r\n$/ };
    for (const [status, expected] of Object.entries(noBody)) {
      await onServer(
        () => new Response(null, { status: Number(status) }),
        async (bench) => assert.match(received(await bench.client(GET)), expected),
      );
    }
    await onServer(
      () => new Response(null, { status: 205 }),
      async (bench) => assert.match(received(await bench.client(GET)), /content-length: 0\r\n\r\n$/),
    );
    const head = GET.replace("GET", "HEAD");
    await onServer(HELLO, async (bench) => {
      const peer = await bench.client(`${head}${GET}`);
      await bench.pass();
      assert.equal(received(peer), HELLO_RESPONSE.slice(0, -5) + HELLO_RESPONSE);
    });
    let isCancelled = false;
    const endless = () =>
      new Response(
        new ReadableStream({
          cancel() {
            isCancelled = true;
          },
        }),
      );
    await onServer(endless, async (bench) => {
      const peer = await bench.client(head);
      assert.equal(received(peer), "HTTP/1.1 200 OK\r\n\r\n");
      assert.equal(isCancelled, true);
    });
  });

  it("that claims another length than it has is corrected or cut", async () => {
    const headers = { "content-length": "7" };
    await onServer(
      () => new Response("hello", { headers }),
      async (bench) => assert.match(received(await bench.client(GET)), /content-length: 5\r\n\r\nhello$/),
    );
    for (const pieces of [
      ["abc", "abc"],
      ["abcd", "abcd"],
    ]) {
      const bench = await onServer(
        () => new Response(slowStream(pieces), { headers }),
        async (bench) => {
          const peer = await bench.client(GET);
          await bench.untilTrue(() => peer.isClosed, "it was reset");
          assert.match(peer.text, /content-length: 7\r\n/);
        },
      );
      assert.equal(bench.problems.length, 1);
      assert.equal(bench.problems[0]?.code, "ERR_RESPONSE_BODY");
    }
    await onServer(
      () => new Response(slowStream(["abc", "abcd"]), { headers }),
      async (bench) => {
        const peer = await bench.client(GET);
        await bench.pass();
        assert.match(peer.text, /content-length: 7\r\n.*\r\n\r\nabcabcd$/s);
      },
    );
  });

  it("is framed by the server, whatever the handler says", async () => {
    const headers = [
      ["transfer-encoding", "chunked"],
      ["keep-alive", "timeout=5"],
      ["trailer", "x"],
      ["x-own", "kept"],
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ] satisfies [string, string][];
    await onServer(
      () => new Response("hello", { headers: new Headers(headers) }),
      async (bench) => {
        const text = received(await bench.client(GET));
        assert.doesNotMatch(text, /transfer-encoding|keep-alive|trailer/);
        assert.match(text, /x-own: kept\r\n/);
        assert.match(text, /set-cookie: a=1\r\nset-cookie: b=2\r\n/);
      },
    );
  });

  it("whose stream fails cuts the connection, or is a 500 if nothing was sent", async () => {
    const failing = (pieces: readonly string[]): ReadableStream<Uint8Array> => {
      const reader = slowStream(pieces).getReader();
      return new ReadableStream({
        async pull(controller) {
          const { value, done } = await reader.read();
          if (done) controller.error(new Error("on purpose"));
          else controller.enqueue(value);
        },
      });
    };
    const bench = await onServer(
      () => new Response(failing(["abc"])),
      async (bench) => {
        const peer = await bench.client(GET);
        await bench.untilTrue(() => peer.isClosed, "it was reset");
        assert.doesNotMatch(peer.text, /0\r\n\r\n$/);
      },
    );
    assert.equal(bench.problems[0]?.code, "ERR_RESPONSE_BODY");
    await onServer(
      () => new Response(new ReadableStream({ start: (controller) => controller.error(new Error("at once")) })),
      async (bench) => assert.equal(statusOf(await bench.client(GET)), 500),
    );
  });

  it("is made no faster than the client takes it, and cancelled when the client is gone", async () => {
    let made = 0;
    let reason: unknown = null;
    let signal: AbortSignal | null = null;
    const handler: ServeHandler = (request) => {
      signal = request.signal;
      return new Response(
        new ReadableStream({
          pull(controller) {
            made += 10_000;
            controller.enqueue(new Uint8Array(10_000));
          },
          cancel(given) {
            reason = given;
          },
        }),
      );
    };
    await onServer(handler, async (bench) => {
      const peer = await bench.client();
      peer.connection.pauseReading();
      peer.send(GET);
      await bench.pass(500);
      assert.ok(made > 100_000 && made < 500_000, `${made}`);
      const before = made;
      await bench.pass(500);
      assert.equal(made, before);
      assert.equal(signal?.aborted, false);
      peer.connection.reset();
      await bench.pass();
      assert.equal(signal?.aborted, true);
      assert.equal((signal as AbortSignal | null)?.reason.name, "AbortError");
      assert.notEqual(reason, null);
    });
  });
});

describe("a handler that fails", () => {
  const failures: ReadonlyMap<string, ServeHandler> = new Map<string, ServeHandler>([
    ["throws", () => assert.fail("on purpose")],
    ["rejects", () => Promise.reject(new Error("on purpose"))],
    ["throws what is no error", () => Promise.reject("on purpose")],
    ["returns nothing", () => undefined as unknown as Response],
    ["resolves with something else", () => Promise.resolve("hello" as unknown as Response)],
    ["returns an object", () => ({ status: 200 }) as Response],
    ["returns Response.error()", () => Response.error()],
    ["returns a bad length", () => new Response(null, { headers: { "content-length": "-1" } })],
    [
      "returns a body that was read",
      async () => {
        const response = new Response("x");
        await response.text();
        return response;
      },
    ],
    [
      "returns a body that somebody reads",
      () => {
        const response = new Response("x");
        response.body?.getReader();
        return response;
      },
    ],
  ]);

  for (const [name, handler] of failures) {
    it(`as it ${name} is a 500, and reported`, async () => {
      const bench = await onServer(handler, async (bench) => {
        const peer = await bench.client(GET);
        assert.equal(received(peer).split("\r\n")[0], "HTTP/1.1 500 Internal Server Error");
        assert.doesNotMatch(peer.text, /on purpose/);
        peer.send(GET);
        await bench.pass();
        assert.equal(peer.text.match(/HTTP\/1\.1 500/g)?.length, 2);
      });
      assert.equal(bench.problems.length, 2);
      assert.ok(bench.problems[0] instanceof HttpServerError);
      assert.equal(bench.problems[0].code, "ERR_HANDLER");
      assert.match(bench.problems[0].message, /^The handler failed at GET http:\/\/a\/: /);
      if (bench.problems[0].cause instanceof Error) assert.match(bench.problems[0].message, /\n {4}at /);
    });
  }

  it("is answered by onError, and what that throws is reported", async () => {
    const seen: string[] = [];
    const onError: ServeOptions["onError"] = (error, request) => {
      seen.push(`${request.url} ${(error as Error).message}`);
      if (request.url.endsWith("/worse")) throw new Error("worse");
      if (request.url.endsWith("/later")) return Promise.resolve(new Response("later", { status: 503 }));
      return new Response("handled", { status: 418 });
    };
    const bench = await onServer(
      () => Promise.reject(new Error("on purpose")),
      async (bench) => {
        const peer = await bench.client(
          ["/", "/later", "/worse"].map((path) => GET.replace(" / ", ` ${path} `)).join(""),
        );
        await bench.pass();
        const statuses = [...peer.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]);
        assert.deepEqual(statuses, ["418", "503", "500"]);
      },
      { onError },
    );
    assert.deepEqual(
      seen,
      ["/", "/later", "/worse"].map((path) => `http://a${path} on purpose`),
    );
    assert.equal(bench.problems.length, 1);
    assert.match(bench.problems[0]?.message ?? "", /worse/);
  });
});

describe("a client that leaves", () => {
  it("aborts the signal of its request, and the response that comes too late is cancelled", async () => {
    let isCancelled = false;
    let finish = () => {};
    let signal: AbortSignal | null = null;
    const handler: ServeHandler = async (request) => {
      signal = request.signal;
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return new Response(
        new ReadableStream({
          cancel() {
            isCancelled = true;
          },
        }),
      );
    };
    const bench = await onServer(handler, async (bench) => {
      const peer = await bench.client(GET);
      assert.equal(signal?.aborted, false);
      peer.connection.reset();
      await bench.pass();
      assert.equal(signal?.aborted, true);
      finish();
      await bench.pass();
      assert.equal(isCancelled, true);
    });
    assert.deepEqual(bench.problems, []);
  });

  it("in the middle of its request's body makes reading it fail", async () => {
    const errors: unknown[] = [];
    const handler: ServeHandler = async (request) => {
      await request.text().catch((error: unknown) => errors.push(error));
      return new Response("x");
    };
    for (const leave of ["shutdownWrite", "reset"] as const) {
      await onServer(handler, async (bench) => {
        const peer = await bench.client("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
        peer.connection[leave]();
        await bench.pass();
        assert.equal(peer.isClosed, true);
        assert.equal(peer.text, "");
      });
    }
    assert.deepEqual(
      errors.map((error) => (error as { code: string }).code),
      ["ERR_BODY_INCOMPLETE", "ERR_BODY_INCOMPLETE"],
    );
  });

  it("only with its sending side still gets its responses, but the signal tells of it", async () => {
    const aborted: boolean[] = [];
    const handler: ServeHandler = async (request) => {
      const { signal } = request;
      await new Promise((resolve) => setTimeout(resolve, 20));
      aborted.push(signal.aborted);
      return new Response(new URL(request.url).pathname);
    };
    await onServer(handler, async (bench) => {
      const peer = await bench.client();
      peer.send(GET);
      peer.send(GET.replace("/ ", "/second "));
      peer.connection.shutdownWrite();
      await bench.untilTrue(() => peer.isClosed, "the connection is over");
      assert.match(peer.text, /\r\n\r\n\/HTTP\/1\.1 200 .*\r\n\r\n\/second$/s);
    });
    // The end is behind the second request, which is not read before the first one has its response.
    assert.deepEqual(aborted, [false, true]);
    aborted.length = 0;
    await onServer(handler, async (bench) => {
      const peer = await bench.client(GET);
      peer.connection.shutdownWrite();
      await bench.untilTrue(() => peer.isClosed, "the connection is over");
      assert.match(peer.text, /\r\n\r\n\/$/);
    });
    assert.deepEqual(aborted, [true]);
  });

  it("only with its sending side loses a stream that has nothing to say", async () => {
    let isCancelled = false;
    const handler: ServeHandler = () =>
      new Response(
        new ReadableStream({
          cancel() {
            isCancelled = true;
          },
        }),
      );
    await onServer(handler, async (bench) => {
      const peer = await bench.client(GET);
      peer.connection.shutdownWrite();
      await bench.pass(500);
      assert.equal(isCancelled, false);
      await bench.pass(3000);
      assert.equal(isCancelled, true);
      assert.equal(peer.isClosed, true);
    });
  });
});

describe("a time that is over", () => {
  it("ends a connection without a request", async () => {
    await onServer(
      HELLO,
      async (bench) => {
        const silent = await bench.client();
        const used = await bench.client(GET);
        await bench.pass(900);
        assert.equal(silent.hasEnded || used.hasEnded, false);
        await bench.pass(200);
        assert.equal(silent.hasEnded && used.hasEnded, true);
        assert.equal(silent.text, "");
      },
      { keepAliveTimeoutMs: 1000 },
    );
  });

  it("answers a head that does not end with 408, however slowly it comes", async () => {
    await onServer(
      HELLO,
      async (bench) => {
        const peer = await bench.client();
        for (const byte of GET.slice(0, 20)) {
          peer.send(byte);
          await bench.pass(100);
        }
        assert.equal(statusOf(peer), 408);
        assert.equal(peer.hasEnded, true);
      },
      { headTimeoutMs: 1000 },
    );
  });

  it("answers a body that stands still with 408, but not one that nobody wants", async () => {
    const post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";
    const errors: string[] = [];
    const reading: ServeHandler = async (request) => {
      await request.text().catch((error: { code: string }) => errors.push(error.code));
      return new Response("x");
    };
    await onServer(
      reading,
      async (bench) => {
        const peer = await bench.client(`${post}abc`);
        for (let round = 0; round < 5; round++) {
          await bench.pass(800);
          peer.send("d");
        }
        assert.equal(peer.text, "");
        await bench.pass(2100);
        assert.equal(statusOf(peer), 408);
      },
      { bodyTimeoutMs: 1000 },
    );
    assert.deepEqual(errors, ["ERR_BODY_INCOMPLETE"]);
    let finish = () => {};
    const busy: ServeHandler = async () => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return new Response("x");
    };
    await onServer(
      busy,
      async (bench) => {
        const peer = await bench.client(`${post}${"x".repeat(99_999)}`);
        await bench.pass(10_000);
        assert.equal(peer.text, "");
        finish();
        await bench.pass();
        assert.equal(statusOf(peer), 200);
      },
      { bodyTimeoutMs: 1000 },
    );
  });

  it("resets a connection whose client takes nothing", async () => {
    let isCancelled = false;
    const handler: ServeHandler = () =>
      new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(10_000)),
          cancel() {
            isCancelled = true;
          },
        }),
      );
    await onServer(
      handler,
      async (bench) => {
        const peer = await bench.client();
        peer.connection.pauseReading();
        peer.send(GET);
        await bench.pass(900);
        assert.equal(isCancelled, false);
        await bench.pass(1500);
        assert.equal(isCancelled, true);
        assert.equal(peer.isClosed, true);
      },
      { bodyTimeoutMs: 1000 },
    );
  });
});

describe("a server", () => {
  it("that is drained lets requests end, and closes what has none", async () => {
    const bench = new WebBench();
    let finish = () => {};
    const server = await bench.serve(async () => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return new Response("last");
    });
    const idle = await bench.client();
    const busy = await bench.client(GET);
    assert.deepEqual(server.statistics(), {
      connections: 2,
      activeConnections: 2,
      requests: 1,
      activeRequests: 1,
      badRequests: 0,
      handlerErrors: 0,
    });
    const drained = server.drain(5000);
    await bench.pass();
    assert.equal(idle.hasEnded, true);
    assert.equal(busy.hasEnded, false);
    const refused = await bench.client(GET);
    assert.equal(refused.isClosed, true);
    finish();
    await bench.pass();
    assert.match(busy.text, /connection: close\r\n\r\nlast$/);
    idle.connection.close();
    busy.connection.close();
    assert.equal(await bench.until(drained), 0);
    await bench.until(server.finished);
    await bench.end();
  });

  it("that is drained for long enough resets what is left", async () => {
    const bench = new WebBench();
    let signal: AbortSignal | null = null;
    const server = await bench.serve((request) => {
      signal = request.signal;
      return new Promise(() => {});
    });
    const busy = await bench.client(GET);
    assert.equal(await bench.until(server.drain(1000)), 1);
    await bench.pass();
    assert.equal(busy.isClosed, true);
    assert.equal((signal as AbortSignal | null)?.aborted, true);
  });

  it("is closed by its signal", async () => {
    const bench = new WebBench();
    const abort = new AbortController();
    const server = await bench.serve(HELLO, { signal: abort.signal });
    const peer = await bench.client(GET);
    abort.abort();
    await bench.until(server.finished);
    await bench.pass();
    assert.equal(peer.isClosed, true);
    await assert.rejects(bench.serve(HELLO, { signal: abort.signal }), { name: "AbortError" });
    await bench.end();
  });

  it("accepts no more connections than it may", async () => {
    await onServer(
      HELLO,
      async (bench) => {
        const [first, second] = [await bench.client(GET), await bench.client(GET)];
        const third = await bench.client(GET);
        assert.equal(received(second), HELLO_RESPONSE);
        assert.equal(third.text, "");
        first.connection.reset();
        await bench.pass(100);
        assert.equal(received(third), HELLO_RESPONSE);
      },
      { maximumConnections: 2 },
    );
  });

  it("refuses options that can't be meant", async () => {
    const bench = new WebBench();
    for (const options of [{ headTimeoutMs: -1 }, { maximumConnections: 0 }, { bodyTimeoutMs: 1.5 }]) {
      await assert.rejects(bench.serve(HELLO, options), { code: "ERR_OPTION" });
    }
  });
});
