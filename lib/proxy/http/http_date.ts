/**
 * The date of a response (RFC 9110 section 5.6.7), which is the same for all responses of a moment.
 *
 * @module
 */
import type { Driver } from "../../net/driver.ts";
import { ascii } from "./bytes.ts";

const INTERVAL_MS = 500;

/** See the module. */
export class HttpDate {
  readonly #driver: Driver;
  #bytes: Uint8Array = new Uint8Array();
  #madeMs = Number.NEGATIVE_INFINITY;

  /** A date on a driver's clock. */
  constructor(driver: Driver) {
    this.#driver = driver;
  }

  /** The date, at most half a second old. */
  bytes(): Uint8Array {
    if (this.#driver.nowMs - this.#madeMs >= INTERVAL_MS) {
      this.#madeMs = this.#driver.nowMs;
      this.#bytes = ascii(new Date().toUTCString());
    }
    return this.#bytes;
  }
}
