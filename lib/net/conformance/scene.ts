/**
 * What one test of the suite works with: a driver, and short ways to have connections on it. When the
 * test is over, the scene checks what has to hold after any test.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Timer } from "../../ring/timer_wheel.ts";
import type { Connection, ConnectionHandler, Listener, ListenerHandler } from "../connection.ts";
import type { Driver, ListenOptions } from "../driver.ts";
import type { AddressKind, Harness } from "./harness.ts";
import { type Reactions, Recorder, type Watch } from "./recorder.ts";

/** One end of a connection and what was recorded there. */
export interface Side {
  readonly connection: Connection;
  readonly recorder: Recorder;
}

/** Both ends of one connection. */
export interface Pair {
  /** The end that connected. */
  readonly client: Side;
  /** The end that was accepted. */
  readonly server: Side;
}

/** A listener and the connections that it accepted, in their order. */
export interface Acceptor {
  readonly listener: Listener;
  readonly accepted: Side[];
  /** The errno of each failure to accept. */
  readonly errors: number[];
}

/** How a pair is made. */
export interface PairOptions {
  readonly client?: Reactions;
  readonly server?: Reactions;
  readonly address?: AddressKind;
}

/** See the module. */
export class Scene {
  readonly harness: Harness;
  readonly driver: Driver;
  readonly #watch: Watch = { eventCount: 0, insideCall: false, violations: [] };
  readonly #sides: Side[] = [];
  #fence: Pair | null = null;
  #expectsHandlerErrors = false;
  #closed: Promise<void> | null = null;

  constructor(harness: Harness) {
    this.harness = harness;
    this.driver = harness.driver;
  }

  /** Let the loop run until a condition holds. */
  until(condition: () => boolean, what: string): Promise<void> {
    return this.harness.until(() => {
      this.#checkHandlerErrors();
      return condition();
    }, what);
  }

  /**
   * Handlers of this test throw on purpose. Otherwise what a handler throws, such as a failed assertion,
   * fails the test.
   */
  expectHandlerErrors(): void {
    this.#expectsHandlerErrors = true;
  }

  #checkHandlerErrors(): void {
    if (!this.#expectsHandlerErrors && this.harness.handlerErrors.length > 0) throw this.harness.handlerErrors[0];
  }

  /** Make a call on connections, in which no event may arrive. */
  call<T>(action: () => T): T {
    const { eventCount, insideCall } = this.#watch;
    this.#watch.insideCall = true;
    const result = action();
    this.#watch.insideCall = insideCall;
    assert.equal(this.#watch.eventCount, eventCount, "an event came from within a call");
    return result;
  }

  recorder(reactions?: Reactions): Recorder {
    return new Recorder(this.#watch, reactions);
  }

  /** Have a connection checked at the end of the test. */
  track(connection: Connection, recorder: Recorder): Side {
    const side = { connection, recorder };
    this.#sides.push(side);
    return side;
  }

  async listen(
    address: AddressKind | { readonly at: Listener["address"] } = "ipv4",
    reactions?: Reactions,
    options?: ListenOptions,
  ): Promise<Acceptor> {
    const accepted: Side[] = [];
    const errors: number[] = [];
    const handler: ListenerHandler = {
      onAccept: (connection) => {
        const side = this.track(connection, this.recorder(reactions));
        accepted.push(side);
        return side.recorder;
      },
      onAcceptError: (_listener, errno) => errors.push(errno),
    };
    const where = typeof address === "string" ? this.harness.listenAddress(address) : address.at;
    return { listener: await this.driver.listen(where, handler, options), accepted, errors };
  }

  /** Begin to connect. */
  connect(to: Listener | { readonly address: Listener["address"] }, reactions?: Reactions): Side {
    const recorder = this.recorder(reactions);
    return this.track(
      this.call(() => this.driver.connect(to.address, recorder)),
      recorder,
    );
  }

  /** A connection that both ends know of. */
  async pair(options: PairOptions = {}): Promise<Pair> {
    const acceptor = await this.listen(options.address, options.server);
    const pair = await this.pairOn(acceptor, options.client);
    await this.closeListener(acceptor.listener);
    return pair;
  }

  /** One more connection to a listener on which nobody else connects now. */
  async pairOn(acceptor: Acceptor, reactions?: Reactions): Promise<Pair> {
    const count = acceptor.accepted.length;
    const client = this.connect(acceptor.listener, reactions);
    await this.until(
      () => client.recorder.has("connect") && acceptor.accepted.length > count,
      "a connection that both ends know of",
    );
    return { client, server: acceptor.accepted[count] as Side };
  }

  async closeListener(listener: Listener): Promise<void> {
    let closed = false;
    listener.close().then(() => {
      closed = true;
    });
    await this.until(() => closed, "the listener to be closed");
  }

  /**
   * Give the driver ample time for what should not happen: bytes go back and forth on a connection of
   * its own, and timers expire, while nothing else may.
   */
  async quiet(): Promise<void> {
    this.#fence ??= await this.pair();
    const { client, server } = this.#fence;
    for (let round = 0; round < 3; round++) {
      const wanted = server.recorder.byteCount + 1;
      let expired = false;
      const timer = new Timer(() => {
        expired = true;
      });
      client.connection.writeBytes(new Uint8Array(1));
      await this.until(() => server.recorder.byteCount === wanted, "a byte of the fence");
      server.connection.writeBytes(new Uint8Array(1));
      await this.until(() => client.recorder.byteCount === wanted, "a byte of the fence, back");
      this.driver.startTimer(timer, 5);
      await this.until(() => expired, "a timer of the fence");
    }
  }

  /** Both ends have ended. */
  async untilClosed(...sides: Side[]): Promise<void> {
    await this.until(() => sides.every((side) => side.recorder.isClosed), "the connections to be closed");
  }

  /** Close the driver; a test may do it itself. */
  close(): Promise<void> {
    this.#closed ??= this.harness.close();
    return this.#closed;
  }

  /** Close the driver and check what holds after every test. */
  async end(): Promise<void> {
    await this.close();
    this.#checkHandlerErrors();
    assert.deepEqual(this.#watch.violations, []);
    for (const { connection, recorder } of this.#sides) {
      assert.equal(recorder.closes.length, connection.handler === recorder ? 1 : recorder.closes.length, "one onClose");
      assert.equal(connection.isClosed, true);
      assert.equal(connection.localAddress(), null);
      assert.equal(connection.remoteAddress(), null);
    }
    assert.equal(this.driver.connectionCount, 0);
  }
}

/** A handler that wants nothing. */
export const INDIFFERENT: ConnectionHandler = {
  onConnect() {},
  onData(_connection, lease) {
    lease.release();
  },
  onEnd() {},
  onDrain() {},
  onClose() {},
};
