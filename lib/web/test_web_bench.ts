/**
 * A server or a client of the web between peers that a test writes out byte by byte, on a simulated network.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { RingwayError } from "../../ffi/errors.ts";
import { ipAddress } from "../net/address.ts";
import { MemoryDriver, type MemoryDriverOptions } from "../net/memory/driver.ts";
import { MemoryNetwork } from "../net/memory/network.ts";
import type { MemoryNetworkOptions } from "../net/memory/options.ts";
import { Peer, settled } from "../proxy/http/test_http_bench.ts";
import { openSockets, type Sockets } from "../sockets/sockets.ts";
import type { HttpClientOptions } from "./client_options.ts";
import { HttpClient } from "./http_client.ts";
import type { HttpServer } from "./http_server.ts";
import { serve } from "./serve.ts";
import type { ServeHandler, ServeOptions } from "./serve_options.ts";

const ADDRESS = ipAddress("127.0.0.1", 10_000);
/** In simulated time. */
const LONGEST_MS = 600_000;

/** What is special about the network and the driver that is tested. */
export interface BenchOptions {
  readonly network?: Partial<MemoryNetworkOptions>;
  readonly driver?: MemoryDriverOptions;
}

/** See the module. */
export class WebBench {
  readonly network: MemoryNetwork;
  /** Of what is tested. */
  readonly driver: MemoryDriver;
  /** What was reported. */
  readonly problems: RingwayError[] = [];
  /** Connections that clients have made to the test, in order. */
  readonly accepted: Peer[] = [];
  readonly #peers: MemoryDriver;
  #sockets: Sockets | null = null;

  constructor(options: BenchOptions = {}) {
    this.network = new MemoryNetwork({ seed: 1, splitProbability: 0, delayMaximumMs: 0, ...options.network });
    this.driver = new MemoryDriver(this.network, { label: "tested", ...options.driver });
    this.#peers = new MemoryDriver(this.network, { label: "peers" });
  }

  async #open(): Promise<Sockets> {
    this.#sockets ??= await openSockets({ driver: this.driver, onProblem: (problem) => this.problems.push(problem) });
    return this.#sockets;
  }

  /** Serve at the address that `client` connects to. */
  async serve(handler: ServeHandler, options: ServeOptions = {}): Promise<HttpServer> {
    const sockets = await this.#open();
    return await serve(handler, {
      sockets,
      listen: ADDRESS,
      onProblem: (problem) => this.problems.push(problem),
      ...options,
    });
  }

  /** A peer that is connected to the server and has sent a text. */
  async client(text = ""): Promise<Peer> {
    const peer = new Peer();
    peer.connection = this.#peers.connect(ADDRESS, peer);
    if (text !== "") peer.send(text);
    await this.pass();
    return peer;
  }

  /** An HTTP client on a driver of its own, for the server that is tested. */
  async serverClient(options: HttpClientOptions = {}): Promise<HttpClient> {
    return new HttpClient({ sockets: await openSockets({ driver: this.#peers }), ...options });
  }

  /** An HTTP client that is tested, and a place at which its connections arrive. */
  async httpClient(options: HttpClientOptions = {}): Promise<HttpClient> {
    await this.#peers.listen(ADDRESS, {
      onAccept: (connection) => {
        const peer = new Peer();
        peer.connection = connection;
        this.accepted.push(peer);
        return peer;
      },
    });
    return new HttpClient({ sockets: await this.#open(), ...options });
  }

  /** Where the client's connections arrive. */
  get origin(): string {
    return "http://127.0.0.1:10000";
  }

  /** Let everything happen that does within a time, promises included. */
  async pass(durationMs = 20): Promise<void> {
    const endMs = this.network.nowMs + durationMs;
    while (this.network.nowMs < endMs) {
      this.network.runFor(1);
      await settled();
    }
  }

  /** Let time pass until a promise is settled. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
    };
    promise.then(settle, settle);
    const endMs = this.network.nowMs + LONGEST_MS;
    for (;;) {
      await settled();
      if (isSettled) return await promise;
      if (this.network.nowMs > endMs) throw new Error("Nothing has come of it");
      await this.pass(1);
    }
  }

  /** Let time pass until a condition holds. */
  async untilTrue(condition: () => boolean, what: string): Promise<void> {
    const endMs = this.network.nowMs + LONGEST_MS;
    while (!condition()) {
      if (this.network.nowMs > endMs) throw new Error(`Time is over before ${what}`);
      await this.pass(1);
    }
  }

  /** Nothing is left that was lent, and nobody waits for user code. */
  async end(): Promise<void> {
    await this.until(this.driver.close());
    await this.until(this.#peers.close());
    this.network.assertNoLeaks();
    assert.equal(this.driver.userCode.isPending, false, "user code is waited for");
  }
}

/** A response without what differs from one second to the next. */
export function withoutDate(text: string): string {
  return text.replaceAll(/^date: .*\r\n/gm, "");
}
