/**
 * Clients that do the same again and again, to see whether any of them notices a change.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "./command.ts";
import { client, statusOf } from "./http_peers.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const CLOSING_GET = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/** See the module. */
export class Storm {
  /** Requests that were answered with 200. */
  served = 0;
  /** What went wrong. */
  readonly failures: string[] = [];
  readonly #clients: Promise<unknown>;
  #isOver = false;

  /** So many clients begin. What `work` throws is a failure; it ends soon when the storm is over. */
  constructor(clients: number, work: (storm: Storm) => Promise<void>) {
    this.#clients = Promise.all(Array.from({ length: clients }, () => this.#run(work)));
  }

  /** Are the clients to end? */
  get isOver(): boolean {
    return this.#isOver;
  }

  async #run(work: (storm: Storm) => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      try {
        await work(this);
      } catch (error) {
        this.failures.push(error instanceof Error ? error.message : String(error));
      }
    }
  }

  /** Resolves when so many more were served. */
  async goOn(count: number): Promise<void> {
    const wanted = this.served + count;
    await until(() => this.served >= wanted, `${count} more are served; ${this.failures.length} failed`);
  }

  /** Resolves when all clients have ended. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#clients;
  }
}

/** Clients with a connection for each request. */
export function connectingStorm(clients: number, port: number): Storm {
  return new Storm(clients, async (storm) => {
    const peer = await client(port);
    peer.send(CLOSING_GET);
    const response = await peer.response();
    peer.destroy();
    assert.equal(statusOf(response), 200);
    storm.served++;
  });
}

/** Clients that use a connection until a response says that it was the last one. */
export function keepingStorm(clients: number, port: number): Storm {
  return new Storm(clients, async (storm) => {
    const peer = await client(port);
    try {
      for (let isLast = false; !isLast && !storm.isOver; ) {
        peer.send(GET);
        const response = await peer.response();
        assert.equal(statusOf(response), 200);
        isLast = response.fields.some(([name, value]) => name === "connection" && value === "close");
        storm.served++;
      }
    } finally {
      peer.destroy();
    }
  });
}

/** None has failed; on the `default` driver, which closes a listener with what is in its queue, none was refused. */
export function assertUnnoticed(storms: readonly Storm[], driver: "uring" | "default"): void {
  const failures = storms.flatMap((storm) => storm.failures);
  if (driver === "uring") assert.deepEqual(failures, []);
  else for (const failure of failures) assert.doesNotMatch(failure, /ECONNREFUSED/);
}
