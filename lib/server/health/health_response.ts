/**
 * Reads the response to a health check. Bytes in, a verdict out; no I/O.
 *
 * @module
 */
import { BodyReader } from "../../http/body_reader.ts";
import { Head } from "../../http/head.ts";
import { defaultHttpLimits } from "../../http/limits.ts";
import { METHOD_GET } from "../../http/methods.ts";
import { PARSE_FAULT, PARSE_INCOMPLETE, parseResponseHead } from "../../http/parse_head.ts";
import type { HealthCheckOptions } from "./health_check_options.ts";

/** A body is read to its end so that its server can finish it, but not farther than this. */
const RESPONSE_BYTES_MAXIMUM = 64 * 1024;

/** One response. It must be one that the proxy would forward: whole, and after the rules. */
export class HealthResponse {
  /** Is it clear whether the response is good? Then nothing more is read. */
  isComplete = false;
  /** What is wrong with it, once that is clear. */
  failure: string | null = null;
  readonly #expectedStatuses: HealthCheckOptions["expectedStatuses"];
  readonly #head: Head = new Head(defaultHttpLimits);
  readonly #body: BodyReader = new BodyReader(defaultHttpLimits);
  /** The bytes of a head that is not complete. */
  #pending: Uint8Array = new Uint8Array(0);
  #hasHead = false;
  #readBytes = 0;

  /** A response that has not begun, and the ranges of statuses that are good. */
  constructor(expectedStatuses: HealthCheckOptions["expectedStatuses"]) {
    this.#expectedStatuses = expectedStatuses;
  }

  /** Some bytes have arrived. */
  read(bytes: Uint8Array): void {
    if (this.isComplete) return;
    this.#readBytes += bytes.length;
    const rest = this.#hasHead ? bytes : this.#readHead(bytes);
    if (rest !== null) this.#readBody(rest);
    if (!this.isComplete && this.#readBytes >= RESPONSE_BYTES_MAXIMUM) {
      this.#finish(this.#hasHead ? null : "too many interim responses");
    }
  }

  /** The server sends no more. */
  end(): void {
    if (this.isComplete) return;
    if (!this.#hasHead) this.#finish(this.#readBytes === 0 ? "closed without a response" : "the response is cut off");
    else this.#finish(this.#body.finish() ? null : "the response is cut off");
  }

  /** The bytes after the final head; `null` before its end. Interim responses (RFC 9110 section 15.2) are skipped. */
  #readHead(bytes: Uint8Array): Uint8Array | null {
    let memory = joined(this.#pending, bytes);
    for (;;) {
      const length = parseResponseHead(this.#head, memory, 0, memory.length, METHOD_GET);
      if (length === PARSE_FAULT) {
        this.#finish(`not a good response: ${this.#head.fault?.message ?? ""}`);
        return null;
      }
      if (length === PARSE_INCOMPLETE) {
        this.#pending = memory;
        return null;
      }
      memory = memory.subarray(length);
      if (this.#head.status >= 200 || this.#head.status === 101) break;
      this.#head.reset();
    }
    this.#hasHead = true;
    const { status } = this.#head;
    const isExpected = this.#expectedStatuses.some(([from, to]) => from <= status && status <= to);
    if (!isExpected) this.#finish(`status ${status}`);
    this.#body.begin(this.#head.framing, this.#head.contentLength);
    return memory;
  }

  #readBody(bytes: Uint8Array): void {
    if (this.isComplete) return;
    const body = this.#body;
    for (let at = 0; at < bytes.length && !body.isComplete && body.fault === null; ) {
      at = body.read(bytes, at, bytes.length);
    }
    if (body.fault !== null) this.#finish(`not a good response: ${body.fault.message}`);
    else if (body.isComplete) this.#finish(null);
  }

  #finish(failure: string | null): void {
    this.isComplete = true;
    this.failure = failure;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
