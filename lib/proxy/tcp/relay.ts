/**
 * One relayed connection: bytes go from each side to the other as they are, without being copied.
 *
 * @module
 */
import type { Connection, ConnectionHandler } from "../../net/connection.ts";
import type { Lease } from "../../ring/lease.ts";
import { LeaseQueue } from "../../ring/lease.ts";

export class TcpRelay implements ConnectionHandler {
  readonly #downstream: Connection;
  #upstream: Connection | null = null;
  #early: LeaseQueue | null = null;
  #connected = false;
  constructor(downstream: Connection) {
    this.#downstream = downstream;
  }
  setUpstream(c: Connection): void {
    this.#upstream = c;
  }
  onConnect(c: Connection): void {
    this.#connected = true;
    const early = this.#early;
    if (early) {
      this.#early = null;
      for (let l = early.shift(); l; l = early.shift()) if (!c.write(l)) this.#downstream.pauseReading();
    }
  }
  onData(c: Connection, lease: Lease): void {
    if (c === this.#downstream) {
      if (!this.#connected) {
        (this.#early ??= new LeaseQueue()).push(lease);
        return;
      }
      if (!(this.#upstream as Connection).write(lease)) c.pauseReading();
    } else if (!this.#downstream.write(lease)) c.pauseReading();
  }
  onEnd(c: Connection): void {
    this.#other(c)?.shutdownWrite();
  }
  onDrain(c: Connection): void {
    this.#other(c)?.resumeReading();
  }
  onClose(c: Connection, errno: number): void {
    if (errno !== 0) this.#other(c)?.reset();
  }
  #other(c: Connection): Connection | null {
    return c === this.#downstream ? this.#upstream : this.#downstream;
  }
}
