/**
 * A simulation of a server and a client of the web on one network: random requests, handlers and faults.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Faults } from "../net/memory/faults.ts";
import { Random } from "../net/memory/random.ts";
import { HttpClientError } from "./errors.ts";
import type { HttpClient } from "./http_client.ts";
import type { HttpServer } from "./http_server.ts";
import { WebBench } from "./test_web_bench.ts";

/** What a seed draws. */
export interface WebPlan {
  readonly faults: Partial<Faults>;
  /** How often a request is aborted, or its response's body cancelled. */
  readonly abortProbability: number;
  /** May handlers and streams fail? */
  readonly canFail: boolean;
  /** The server's. */
  readonly lingerBytes?: number;
}

const METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD"] as const;
const KINDS = ["known", "stream", "echo", "read", "ignore"] as const;
const FAILING = ["throw", "fail", "never", "short"] as const;
type Kind = (typeof KINDS)[number] | (typeof FAILING)[number];

/** One request: what is sent, what the handler does, and what comes of it. */
interface Exchange {
  readonly path: string;
  readonly method: (typeof METHODS)[number];
  readonly sent: string;
  readonly isStreamed: boolean;
  readonly kind: Kind;
  readonly answer: string;
  readonly abortAfter: number;
  readonly cancels: boolean;
  isAborted: boolean;
  outcome: string;
}

/** So many turns of the runtime's loop. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** See the module. */
export class WebWorld {
  readonly exchanges: Exchange[] = [];
  readonly bench: WebBench;
  readonly #random: Random;
  readonly #plan: WebPlan;
  readonly #byPath: Map<string, Exchange> = new Map();
  /** What a handler found wrong. */
  #fault: unknown = null;

  constructor(seed: number, plan: WebPlan) {
    this.#random = new Random(seed);
    this.#plan = plan;
    const random = this.#random;
    const low = random.pick([0, 1000, 16_384]);
    this.bench = new WebBench({
      network: {
        seed,
        splitProbability: random.pick([0, 0.3, 1]),
        delayMaximumMs: random.pick([0, 3, 20]),
        capacityBytes: random.pick([1000, 8192, 65_536]),
      },
      driver: {
        connection: { writeLowWatermarkBytes: low, writeHighWatermarkBytes: low + random.pick([1000, 50_000]) },
        receiveBytes: random.pick([100, 8192]),
      },
    });
    this.bench.network.faults.set(plan.faults);
  }

  #draw(path: string): Exchange {
    const random = this.#random;
    const method = random.pick([...METHODS]);
    const hasBody = method === "POST" || method === "PUT" || (method === "DELETE" && random.chance(0.3));
    const fails = this.#plan.canFail && random.chance(0.3);
    return {
      path,
      method,
      sent: hasBody ? `${path} `.repeat(random.pick([0, 1, 100, 5000])) : "",
      isStreamed: hasBody && random.chance(0.5),
      kind: fails ? random.pick([...FAILING]) : random.pick([...KINDS]),
      answer: `${path}! `.repeat(random.pick([0, 1, 100, 8000])),
      abortAfter: random.chance(this.#plan.abortProbability) ? random.between(0, 40) : -1,
      cancels: random.chance(this.#plan.abortProbability / 2),
      isAborted: false,
      outcome: "",
    };
  }

  /** Serve and fetch, until all is over. */
  async run(): Promise<void> {
    const { bench } = this;
    const server = await bench.serve((request) => this.#handle(request), {
      bodyTimeoutMs: 5000,
      lingerBytes: this.#plan.lingerBytes ?? 1_000_000,
    });
    const client = await bench.serverClient({
      connectionsPerOrigin: this.#random.pick([1, 3, 10]),
      bodyTimeoutMs: 5000,
    });
    const count = this.#random.between(1, 30);
    const all = Array.from({ length: count }, (_, index) => {
      const exchange = this.#draw(`/${index}`);
      this.exchanges.push(exchange);
      this.#byPath.set(exchange.path, exchange);
      return this.#fetch(client, exchange);
    });
    await bench.until(Promise.all(all));
    if (this.#fault !== null) throw this.#fault;
    await this.#end(server, client);
  }

  async #end(server: HttpServer, client: HttpClient): Promise<void> {
    const { bench } = this;
    await bench.until(client.close());
    await bench.until(server.drain(30_000));
    const { activeConnections, activeRequests } = server.statistics();
    assert.deepEqual([activeConnections, activeRequests], [0, 0]);
    await bench.pass(100);
    await bench.end();
  }

  async #handle(request: Request): Promise<Response> {
    const exchange = this.#byPath.get(new URL(request.url).pathname);
    try {
      assert.ok(exchange !== undefined, request.url);
      assert.equal(request.method, exchange.method);
      assert.equal(request.headers.get("x-path"), exchange.path);
    } catch (error) {
      this.#fault = error;
      throw error;
    }
    await turns(this.#random.below(4));
    switch (exchange.kind) {
      case "known":
        return new Response(exchange.answer);
      case "stream":
        return new Response(this.#stream(exchange.answer, false));
      case "echo":
        return new Response(request.body);
      case "read": {
        const text = await request.text();
        if (text !== exchange.sent) this.#fault = new Error(`${exchange.path}: another body than was sent`);
        return new Response(exchange.answer);
      }
      case "ignore":
        return new Response(exchange.answer);
      case "throw":
        throw new Error("on purpose");
      case "fail":
        return new Response(this.#stream(exchange.answer, true));
      case "short":
        return new Response(this.#stream(exchange.answer, false), {
          headers: { "content-length": String(exchange.answer.length + 1) },
        });
      case "never":
        await new Promise<void>((resolve) => {
          request.signal.addEventListener("abort", () => resolve());
          if (request.signal.aborted) resolve();
          if (exchange.abortAfter < 0) void turns(200).then(resolve);
        });
        throw new Error("on purpose");
    }
  }

  /** A text in pieces of any length, some of them later. */
  #stream(text: string, fails: boolean): ReadableStream<Uint8Array<ArrayBuffer>> {
    const bytes = new TextEncoder().encode(text);
    let at = 0;
    return new ReadableStream({
      pull: async (controller) => {
        await turns(this.#random.below(3));
        const piece = bytes.slice(at, at + this.#random.pick([1, 100, 10_000, 30_000]));
        at += piece.length;
        if (piece.length > 0) controller.enqueue(piece);
        if (at < bytes.length) return;
        if (fails) controller.error(new Error("on purpose"));
        else controller.close();
      },
    });
  }

  async #fetch(client: HttpClient, exchange: Exchange): Promise<void> {
    const abort = new AbortController();
    await turns(this.#random.below(30));
    if (exchange.abortAfter >= 0) {
      void turns(exchange.abortAfter).then(() => {
        exchange.isAborted = true;
        abort.abort(new Error("not wanted any more"));
      });
    }
    const { method, sent, isStreamed } = exchange;
    try {
      const response = await client.fetch(`${this.bench.origin}${exchange.path}`, {
        method,
        headers: { "x-path": exchange.path },
        signal: abort.signal,
        ...(sent === "" ? {} : { body: isStreamed ? this.#stream(sent, false) : sent, duplex: "half" }),
      } as RequestInit);
      if (exchange.cancels) {
        await response.body?.cancel();
        exchange.outcome = "cancelled";
        return;
      }
      const text = await response.text();
      exchange.outcome = String(response.status);
      if (response.status === 200) this.#check(exchange, text);
    } catch (error) {
      exchange.outcome = error instanceof HttpClientError ? error.code : (error as Error).message;
    }
  }

  #check({ path, method, kind, sent, answer }: Exchange, text: string): void {
    const expected = method === "HEAD" ? "" : kind === "echo" ? sent : answer;
    if (text !== expected) this.#fault = new Error(`${path} (${kind}) has another body: ${text.length} bytes`);
    if (kind === "throw" || kind === "never") this.#fault = new Error(`${path} (${kind}) has a response`);
    // One that is there at once is sent with the length that it has.
    if (method !== "HEAD" && kind === "fail") this.#fault = new Error(`${path} (${kind}) is whole`);
  }
}
