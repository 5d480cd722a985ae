/**
 * Random actions at random moments on many connections. Whatever happens: each connection gets exactly
 * one onClose, what arrives is a prefix of what was sent, and it is all of it when the end was seen. The
 * scene and the harness check the rest: no event at a wrong time, no buffer and no descriptor kept.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Lease, leaseBytes } from "../../ring/lease.ts";
import { Timer } from "../../ring/timer_wheel.ts";
import type { Connection } from "../connection.ts";
import { ByteStream, Random } from "./bytes.ts";
import type { Reactions, Recorder } from "./recorder.ts";
import type { Acceptor, Scene, Side } from "./scene.ts";
import type { Define } from "./suite.ts";

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
const STEPS = 150;
const CONNECTIONS_AT_MOST = 40;

/** One direction of a connection. */
class Direction {
  readonly outgoing: ByteStream;
  readonly incoming: ByteStream;
  /** The receiver saw its end, so it must have seen all of it. */
  isEndSeen = false;

  constructor(seed: number) {
    this.outgoing = new ByteStream(seed);
    this.incoming = new ByteStream(seed);
  }
}

/** A connection that the torture made, or accepted. */
interface Victim {
  readonly side: Side;
  readonly sends: Direction;
  /** What is written from now on is dropped. */
  isEnding: boolean;
}

class Torture {
  readonly #scene: Scene;
  readonly #random: Random;
  readonly #directions: [toServer: Direction, toClient: Direction][] = [];
  readonly #victims: Victim[] = [];
  readonly #kept: Lease[] = [];
  #isFinishing = false;

  constructor(scene: Scene, seed: number) {
    this.#scene = scene;
    this.#random = new Random(seed);
  }

  async run(): Promise<void> {
    const listener = await this.#scene.driver.listen(this.#scene.harness.listenAddress(), {
      onAccept: (connection) => this.#accept(connection),
    });
    for (let step = 0; step < STEPS; step++) {
      this.#act(listener);
      if (this.#random.chance(0.4)) await this.#pause();
    }
    this.#finish();
    const sides = this.#victims.map(({ side }) => side);
    await this.#scene.until(() => {
      for (const { side } of this.#victims) side.connection.resumeReading();
      return sides.every(({ recorder }) => recorder.isClosed);
    }, "all connections to end");
    await this.#scene.until(() => this.#scene.driver.connectionCount === 0, "all connections to be free");
    this.#check();
  }

  /** Let the loop run for a moment. */
  async #pause(): Promise<void> {
    let expired = false;
    const timer = new Timer(() => {
      expired = true;
    });
    this.#scene.driver.startTimer(timer, this.#random.below(4));
    await this.#scene.until(() => expired, "a moment to pass");
  }

  #act(listener: Acceptor["listener"]): void {
    const open = this.#victims.filter(({ side }) => !side.connection.isClosed);
    if (open.length < 4 || (open.length < CONNECTIONS_AT_MOST && this.#random.chance(0.2))) {
      this.#connect(listener);
      return;
    }
    const victim = this.#random.pick(open);
    this.#scene.call(() => this.#torment(victim));
  }

  #connect(listener: Acceptor["listener"]): void {
    const index = this.#directions.length;
    const directions: [Direction, Direction] = [new Direction(2 * index), new Direction(2 * index + 1)];
    this.#directions.push(directions);
    const side = this.#scene.connect(listener);
    const victim = { side, sends: directions[0], isEnding: false };
    side.recorder.reactions = this.#reactions(victim, directions[1]);
    this.#victims.push(victim);
    side.connection.writeBytes(Uint8Array.of(index));
    if (this.#random.chance(0.3)) this.#scene.call(() => this.#torment(victim));
  }

  #accept(connection: Connection): Recorder {
    const recorder = this.#scene.recorder({
      data: (from, lease) => {
        // The first byte tells which connection it is.
        const reactions = this.#onHead(side, lease.bytes()[0] as number);
        const rest = lease.length > 1 ? lease.split(1) : null;
        lease.release();
        if (rest !== null) reactions.data?.(from, rest);
      },
      end: () => connection.close(),
    });
    const side = this.#scene.track(connection, recorder);
    if (this.#random.chance(0.05)) connection.close();
    return recorder;
  }

  #onHead(side: Side, index: number): Reactions {
    const [toServer, toClient] = this.#directions[index] as [Direction, Direction];
    const victim = { side, sends: toClient, isEnding: false };
    this.#victims.push(victim);
    const reactions = this.#reactions(victim, toServer);
    side.recorder.reactions = reactions;
    if (this.#isFinishing) {
      victim.isEnding = true;
      side.connection.shutdownWrite();
    }
    return reactions;
  }

  #reactions(victim: Victim, receives: Direction): Reactions {
    const torment = (probability: number) => {
      if (this.#random.chance(probability)) this.#scene.call(() => this.#torment(victim));
    };
    return {
      connect: () => torment(0.3),
      data: (_connection, lease) => {
        receives.incoming.check(lease.bytes());
        if (this.#random.chance(0.1)) this.#kept.push(lease);
        else lease.release();
        if (this.#kept.length > 8) this.#kept.shift()?.release();
        torment(0.2);
      },
      end: () => {
        receives.isEndSeen = true;
        torment(0.5);
      },
      drain: () => torment(0.5),
      remoteClose: () => torment(0.5),
      close: () => {
        // Someone else is to suffer as well.
        const other = this.#random.pick(this.#victims);
        if (this.#random.chance(0.2)) this.#scene.call(() => this.#torment(other));
      },
    };
  }

  #torment(victim: Victim): void {
    const { connection } = victim.side;
    const { outgoing } = victim.sends;
    const kind = this.#random.next();
    if (kind < 0.5) {
      const isDropped = victim.isEnding || connection.isClosed;
      const bytes = outgoing.take(this.#random.size(1, 200_000));
      if (isDropped) outgoing.position -= bytes.length;
      connection.write(leaseBytes(bytes));
    } else if (kind < 0.65) {
      connection.pauseReading();
    } else if (kind < 0.8) {
      connection.resumeReading();
    } else {
      victim.isEnding = true;
      if (kind < 0.9) connection.shutdownWrite();
      else if (kind < 0.96) connection.close();
      else connection.reset();
    }
  }

  #finish(): void {
    this.#isFinishing = true;
    for (const victim of this.#victims) {
      victim.isEnding = true;
      const { connection } = victim.side;
      if (this.#random.chance(0.2)) connection.close();
      else if (this.#random.chance(0.1)) connection.reset();
      else connection.shutdownWrite();
    }
  }

  #check(): void {
    for (const lease of this.#kept.splice(0)) lease.release();
    for (const [index, directions] of this.#directions.entries()) {
      for (const { outgoing, incoming, isEndSeen } of directions) {
        assert.ok(incoming.position <= outgoing.position, `connection ${index} received more than was sent`);
        if (isEndSeen) assert.equal(incoming.position, outgoing.position, `connection ${index} ended too early`);
      }
    }
  }
}

export function tortureCases(define: Define): void {
  for (const seed of SEEDS) {
    define(`survives random actions at random moments, seed ${seed}`, (scene) => new Torture(scene, seed).run(), {
      connection: { writeTimeoutMs: 200 },
    });
  }
}
