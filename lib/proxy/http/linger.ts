/**
 * The end of a client's connection, in the order that lets the client have its last response.
 *
 * @module
 */
import type { Connection } from "../../net/connection.ts";
import type { LazyTimer } from "./lazy_timer.ts";

/** How long a client that was told to go may go on sending. */
export const LINGER_MS = 2000;

/**
 * Sends FIN after what is queued; its owner drops what still comes. A reset could take the response away from the
 * client (RFC 9112 section 9.6).
 */
export class Linger {
  /** Bytes written when it was last looked at. */
  #written = -1;
  #idleMs = 0;

  /** Begin; the owner calls {@linkcode onTimer} whenever the timer expires. */
  begin(connection: Connection, timer: LazyTimer): void {
    this.#written = -1;
    this.#idleMs = 0;
    connection.shutdownWrite();
    timer.start(LINGER_MS);
    connection.resumeReading();
  }

  /** The connection is closed when it has sent everything, or nothing for so long; 0: without limit. */
  onTimer(connection: Connection, timer: LazyTimer, idleTimeoutMs: number): void {
    const { queuedBytes, bytesWritten } = connection;
    // What it sends does not count.
    this.#idleMs = bytesWritten === this.#written ? this.#idleMs + LINGER_MS : 0;
    this.#written = bytesWritten;
    // A slow client may go on reading for as long as it does.
    if (queuedBytes > 0 && (idleTimeoutMs === 0 || this.#idleMs < idleTimeoutMs)) timer.start(LINGER_MS);
    else connection.close();
  }
}
