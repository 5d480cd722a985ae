/**
 * Exchanges in which something ends in the middle of something else.
 *
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BodyTransform, FilterReply, HttpFilter, Nothing } from "./filters/filter.ts";
import { HttpBench } from "./test_http_bench.ts";

const POST = "POST /1 HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n";
const CHUNKED_POST =
  "POST /1 HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n";
const NEXT = "GET /2 HTTP/1.1\r\nhost: a\r\n\r\n";
const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/** A hook that waits until the test says what it returns. */
function later(): { hook: () => Promise<FilterReply | Nothing>; settle(reply?: FilterReply): void; calls(): number } {
  const { promise, resolve } = Promise.withResolvers<FilterReply | Nothing>();
  let calls = 0;
  const hook = () => {
    calls++;
    return promise;
  };
  return { hook, settle: (reply) => resolve(reply), calls: () => calls };
}

function statuses(text: string): string[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status as string);
}

function assertIdle(bench: HttpBench): void {
  bench.network.assertNoLeaks();
  assert.equal(bench.total("http_requests_active"), 0);
  assert.equal(bench.cluster.activeRequests, 0);
  for (const { activeConnections } of bench.cluster.cluster.endpoints) assert.equal(activeConnections, 0);
}

test("a body that came while a filter waited is dropped once that answered, and the next request read", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const filter: Partial<HttpFilter> = {
    async onRequestHead(exchange) {
      if (exchange.request.method !== "POST") return;
      await promise;
      return exchange.reply(403);
    },
  };
  const bench = await HttpBench.start({ filters: [filter] });
  const client = await bench.client(`${POST}body${NEXT}`);
  resolve();
  await bench.pass();
  bench.upstream(0).send(OK);
  await bench.pass();
  assert.deepEqual(statuses(client.text), ["403", "200"]);
  assertIdle(bench);
});

for (const when of ["its first piece", "its end"]) {
  test(`a transform that throws at ${when} of a request's body costs the connection nothing`, async () => {
    const transform: BodyTransform = {
      onPiece: (piece) => {
        if (when === "its first piece") throw new Error("no");
        return piece;
      },
      onEnd: () => {
        throw new Error("no");
      },
    };
    const filter: Partial<HttpFilter> = {
      onRequestHead: ({ request }) => {
        if (request.method === "POST") request.transformBody(transform);
      },
    };
    const bench = await HttpBench.start({ filters: [filter] });
    const client = await bench.client(CHUNKED_POST + NEXT);
    bench.upstreams.at(-1)?.send(OK);
    await bench.pass();
    assert.deepEqual(statuses(client.text), ["500", "200"]);
    assert.equal(client.isClosed || client.hasEnded, false);
    assertIdle(bench);
  });
}

test("a filter may replace the body of a response that the proxy made", async () => {
  const filter: Partial<HttpFilter> = {
    onResponseHead: ({ response }) => response?.replaceBody("sorry"),
  };
  const bench = await HttpBench.start({
    filters: [filter],
    route: { action: { type: "response", response: { status: 404, body: "not found", contentType: "text/plain" } } },
  });
  const client = await bench.client(NEXT + NEXT);
  assert.deepEqual(statuses(client.text), ["404", "404"]);
  assert.match(client.text, /sorry.*sorry$/s);
  assertIdle(bench);
});

test("a response that a filter changed at once ends once, and not the next one too", async () => {
  const transform = { onPiece: (piece: Uint8Array) => piece };
  const filter: Partial<HttpFilter> = { onResponseHead: ({ response }) => response?.transformBody(transform) };
  const bench = await HttpBench.start({ filters: [filter] });
  const client = await bench.client(NEXT + NEXT);
  for (const _ of [1, 2]) {
    bench.upstream(bench.upstreams.length - 1).send(OK);
    await bench.pass();
  }
  assert.deepEqual(statuses(client.text), ["200", "200"]);
  assertIdle(bench);
});

test("a body that is read when its exchange is over is none, and nobody waits for it", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let failure: unknown;
  const filter: Partial<HttpFilter> = {
    async onRequestHead({ request }) {
      await promise;
      await request.readBody(10).catch((error: unknown) => {
        failure = error;
      });
    },
  };
  const bench = await HttpBench.start({ filters: [filter] });
  const client = await bench.client(POST);
  client.connection.reset();
  await bench.pass();
  resolve();
  await bench.pass();
  assert.ok(failure instanceof Error);
  assert.equal(bench.worker.userCode.isPending, false);
  assertIdle(bench);
});

test("a filter that still looks at a response when the request's time is over is not asked again", async () => {
  const waits = later();
  const bench = await HttpBench.start({ filters: [{ onResponseHead: waits.hook }], route: { timeoutMs: 100 } });
  const client = await bench.client(NEXT);
  bench.upstream(0).send(OK);
  await bench.pass(200);
  assert.deepEqual(statuses(client.text), ["504"]);
  waits.settle();
  await bench.pass();
  assert.deepEqual(statuses(client.text), ["504"]);
  assert.equal(waits.calls(), 1);
  assertIdle(bench);
});

test("a request whose time is over while a filter looks at its route gets one answer, which filters see", async () => {
  const waits = later();
  const slow = later();
  const filter = { onRoute: waits.hook, onResponseHead: slow.hook };
  const bench = await HttpBench.start({ filters: [filter], route: { timeoutMs: 100 } });
  const client = await bench.client(NEXT);
  await bench.pass(200);
  waits.settle();
  await bench.pass();
  assert.equal(client.text, "");
  slow.settle();
  await bench.pass();
  assert.deepEqual(statuses(client.text), ["504"]);
  assert.equal(slow.calls(), 1);
  assert.deepEqual(bench.upstreams, []);
  assertIdle(bench);
});

test("a response that breaks off while a filter looks at its head is not sent when the filter is done", async () => {
  const waits = later();
  const bench = await HttpBench.start({ filters: [{ onResponseHead: waits.hook }] });
  const client = await bench.client(`${POST}bo`);
  bench.upstream(0).send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n");
  await bench.pass();
  bench.upstream(0).connection.reset();
  await bench.pass();
  waits.settle();
  await bench.pass();
  assert.deepEqual(statuses(client.text), ["502"]);
  client.send(`dy${NEXT}`);
  await bench.pass();
  bench.upstream(1).send(OK);
  await bench.pass();
  assert.deepEqual(statuses(client.text), ["502", "200"]);
  assertIdle(bench);
});

test("a response without a body is whole though its connection ends while a filter looks at its head", async () => {
  const waits = later();
  const bench = await HttpBench.start({ filters: [{ onResponseHead: waits.hook }] });
  const client = await bench.client(NEXT);
  bench.upstream(0).send("HTTP/1.1 204 No Content\r\n\r\n");
  await bench.pass();
  bench.upstream(0).connection.reset();
  await bench.pass();
  waits.settle();
  await bench.pass();
  assert.deepEqual(statuses(client.text), ["204"]);
  assertIdle(bench);
});

test("a request that fails when its body is to be sent does not get in the way of the next one", async () => {
  const filter: Partial<HttpFilter> = {
    async onRequestHead({ request }) {
      if (request.method !== "POST") return;
      await request.readBody(1).catch(() => {});
    },
  };
  const bench = await HttpBench.start({ filters: [filter] });
  const client = await bench.client(`${POST}body${NEXT}`);
  await bench.pass();
  const [upstream] = bench.upstreams;
  assert.match(upstream?.text ?? "", /^GET \/2 /);
  upstream?.send(OK);
  await bench.pass();
  assert.deepEqual(statuses(client.text), ["413", "200"]);
  assertIdle(bench);
});

test("the time for a body does not run while a client sends its next request", async () => {
  const bench = await HttpBench.start({ options: { streamIdleTimeoutMs: 100 } });
  const client = await bench.client(NEXT);
  bench.upstream(0).send(OK);
  await bench.pass();
  client.send("GET /3 HTTP/1.1\r\n");
  await bench.pass(300);
  client.send("host: a\r\n\r\n");
  await bench.pass();
  bench.upstream(0).send(OK);
  await bench.pass();
  assert.deepEqual(statuses(client.text), ["200", "200"]);
  assert.equal(bench.total("http_responses_cut_short_total"), 0);
  assertIdle(bench);
});

for (const request of [
  "CONNECT a:80 HTTP/1.1\r\nhost: a:80\r\n\r\n",
  "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
]) {
  test(`a filter can't put a body into a tunnel: ${request.slice(0, 7).trim()}`, async () => {
    const filter: Partial<HttpFilter> = { onRequestHead: (exchange) => exchange.request.replaceBody("surprise") };
    const bench = await HttpBench.start({ filters: [filter], route: { allowsConnect: true } });
    const client = await bench.client(request);
    assert.deepEqual(statuses(client.text), ["500"]);
    assert.equal(bench.errors.length, 1);
    assert.deepEqual(bench.upstreams, []);
    assertIdle(bench);
  });
}

test("a response that was cut short is the last one: its filters' streams are let go of", async () => {
  let isCancelled = false;
  const endless = () =>
    new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(10)),
      cancel: () => {
        isCancelled = true;
      },
    });
  const filter: Partial<HttpFilter> = { onResponseHead: ({ response }) => response?.replaceBody(endless()) };
  const bench = await HttpBench.start({ filters: [filter], options: { streamIdleTimeoutMs: 100 } });
  const client = await bench.client(NEXT + NEXT);
  bench.upstream(0).send(OK);
  await bench.pass(110);
  assert.ok(isCancelled);
  await bench.pass();
  assert.deepEqual(statuses(client.text), ["200"]);
  assert.ok(client.isClosed || client.hasEnded);
  assert.equal(bench.upstreams.length, 1);
  assertIdle(bench);
});
