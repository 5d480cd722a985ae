/**
 * What the tests of the driver in memory share.
 *
 * @module
 */
import process from "node:process";
import type { SocketAddress } from "../address.ts";
import { type Reactions, Recorder } from "../conformance/recorder.ts";
import type { Connection, Listener } from "../connection.ts";
import type { ListenOptions } from "../driver.ts";
import { MemoryDriver, type MemoryDriverOptions } from "./driver.ts";
import { MemoryNetwork } from "./network.ts";
import type { MemoryNetworkOptions } from "./options.ts";

/** A connection and what was told of it. */
export interface Side {
  readonly connection: Connection;
  readonly recorder: Recorder;
}

/** Both ends of a connection. */
export interface Pair {
  readonly client: Side;
  readonly server: Side;
}

export const LOOPBACK: SocketAddress = { family: "ipv4", host: "127.0.0.1", port: 0 };

/** A network with one driver, and short ways to use it. */
export class Bench {
  readonly network: MemoryNetwork;
  readonly driver: MemoryDriver;
  readonly accepted: Side[] = [];
  readonly acceptErrors: { errno: number; atMs: number }[] = [];
  readonly violations: string[] = [];

  constructor(network: Partial<MemoryNetworkOptions> = {}, driver: MemoryDriverOptions = {}) {
    this.network = new MemoryNetwork({ seed: 1, traceLines: 1000, ...network });
    this.driver = new MemoryDriver(this.network, driver);
  }

  recorder(reactions?: Reactions): Recorder {
    return new Recorder({ eventCount: 0, insideCall: false, violations: this.violations }, reactions);
  }

  listen(
    address: SocketAddress = LOOPBACK,
    reactions?: Reactions,
    options?: ListenOptions,
    driver: MemoryDriver = this.driver,
  ): Promise<Listener> {
    return driver.listen(
      address,
      {
        onAccept: (connection) => {
          const recorder = this.recorder(reactions);
          this.accepted.push({ connection, recorder });
          return recorder;
        },
        onAcceptError: (_listener, errno) => this.acceptErrors.push({ errno, atMs: this.network.nowMs }),
      },
      options,
    );
  }

  connect(address: SocketAddress, reactions?: Reactions, driver: MemoryDriver = this.driver): Side {
    const recorder = this.recorder(reactions);
    return { connection: driver.connect(address, recorder), recorder };
  }

  /** Connect and wait until both sides know. */
  pairOn(listener: Listener, reactions?: Reactions): Pair {
    const count = this.accepted.length;
    const client = this.connect(listener.address, reactions);
    this.network.run(() => client.recorder.has("connect") && this.accepted.length > count);
    return { client, server: this.accepted[count] as Side };
  }

  /** A pair on a listener of its own. */
  async pair(client?: Reactions, server?: Reactions): Promise<Pair> {
    return this.pairOn(await this.listen(LOOPBACK, server), client);
  }
}

/** Bytes of which each tells its place. */
export function pattern(length: number, from = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => ((from + index) * 31 + ((from + index) >> 8)) & 0xff);
}

/** Seeds for a test that runs many: `RINGWAY_SEED` names a single one, `RINGWAY_SEEDS` how many. */
export function seeds(count: number): number[] {
  const one = process.env.RINGWAY_SEED;
  if (one !== undefined) return [Number(one)];
  return Array.from({ length: Number(process.env.RINGWAY_SEEDS ?? count) }, (_, index) => index + 1);
}
