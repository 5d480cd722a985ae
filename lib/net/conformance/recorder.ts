/**
 * A connection handler that writes down what it is told, and notices when it is told something that no
 * driver may tell.
 *
 * @module
 */
import type { Lease } from "../../ring/lease.ts";
import type { Connection, ConnectionHandler } from "../connection.ts";

/** The events of a connection. */
export type EventName = "connect" | "data" | "end" | "drain" | "remote close" | "close";

/** What a test does when an event arrives, besides recording it. */
export interface Reactions {
  readonly connect?: (connection: Connection) => void;
  /** The lease is the reaction's. Without it, bytes are kept and the lease is released. */
  readonly data?: (connection: Connection, lease: Lease) => void;
  readonly end?: (connection: Connection) => void;
  readonly drain?: (connection: Connection) => void;
  readonly remoteClose?: (connection: Connection) => void;
  readonly close?: (connection: Connection, errno: number) => void;
}

/** What all recorders of a test share. */
export interface Watch {
  /** Events in all. */
  eventCount: number;
  /** Is a function of a connection being called right now? */
  insideCall: boolean;
  /** Rules that the driver broke. */
  readonly violations: string[];
}

/** See the module. */
export class Recorder implements ConnectionHandler {
  /** The events in their order; data that arrives in a row counts once. */
  readonly events: EventName[] = [];
  /** The bytes that arrived, unless a reaction took them. */
  readonly chunks: Uint8Array[] = [];
  /** Bytes that arrived in all. */
  byteCount = 0;
  /** The errno of each `onClose`. */
  readonly closes: number[] = [];
  /** Change it to react differently from now on. */
  reactions: Reactions;
  readonly #watch: Watch;

  constructor(watch: Watch, reactions: Reactions = {}) {
    this.#watch = watch;
    this.reactions = reactions;
  }

  /** Has this event been recorded? */
  has(event: EventName): boolean {
    return this.events.includes(event);
  }

  /** How often? */
  count(event: EventName): number {
    return this.events.filter((recorded) => recorded === event).length;
  }

  /** Has the connection ended? */
  get isClosed(): boolean {
    return this.closes.length > 0;
  }

  /** The errno of `onClose`, or -1 before it. */
  get errno(): number {
    return this.closes[0] ?? -1;
  }

  /** All bytes that were kept. */
  bytes(): Uint8Array {
    const all = new Uint8Array(this.chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let offset = 0;
    for (const chunk of this.chunks) {
      all.set(chunk, offset);
      offset += chunk.length;
    }
    return all;
  }

  /** All bytes that were kept, as text. */
  text(): string {
    return new TextDecoder().decode(this.bytes());
  }

  onConnect(connection: Connection): void {
    this.#record("connect");
    this.reactions.connect?.(connection);
  }

  onData(connection: Connection, lease: Lease): void {
    if (connection.isReadingPaused) this.#watch.violations.push("data arrived while reading was paused");
    if (lease.length === 0) this.#watch.violations.push("no bytes arrived in onData");
    if (this.has("end")) this.#watch.violations.push("data arrived after the end");
    this.#record("data");
    this.byteCount += lease.length;
    if (this.reactions.data !== undefined) {
      this.reactions.data(connection, lease);
      return;
    }
    this.chunks.push(lease.bytes().slice());
    lease.release();
  }

  onEnd(connection: Connection): void {
    if (connection.isReadingPaused) this.#watch.violations.push("the end arrived while reading was paused");
    if (this.has("end")) this.#watch.violations.push("the end arrived twice");
    this.#record("end");
    this.reactions.end?.(connection);
  }

  onDrain(connection: Connection): void {
    this.#record("drain");
    this.reactions.drain?.(connection);
  }

  onRemoteClose(connection: Connection): void {
    if (!connection.isReadingPaused) this.#watch.violations.push("a remote close was noticed without a pause");
    if (this.has("remote close")) this.#watch.violations.push("a remote close was noticed twice");
    this.#record("remote close");
    this.reactions.remoteClose?.(connection);
  }

  onClose(connection: Connection, errno: number): void {
    if (!connection.isClosed) this.#watch.violations.push("isClosed is false in onClose");
    if (connection.localAddress() !== null || connection.remoteAddress() !== null) {
      this.#watch.violations.push("a connection has an address in onClose");
    }
    if (!Number.isInteger(errno) || errno < 0) this.#watch.violations.push(`the errno of onClose is ${errno}`);
    this.#record("close");
    this.closes.push(errno);
    this.reactions.close?.(connection, errno);
  }

  #record(event: EventName): void {
    const { violations, insideCall } = this.#watch;
    if (insideCall) violations.push(`"${event}" came from within a call`);
    if (this.isClosed) violations.push(`"${event}" came after onClose`);
    this.#watch.eventCount++;
    if (event !== "data" || this.events.at(-1) !== "data") this.events.push(event);
  }
}
