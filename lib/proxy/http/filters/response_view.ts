/**
 * A response as filters see it.
 *
 * @module
 */
import type { Head } from "../../../http/head.ts";
import type { FilterResponse } from "./filter.ts";
import { type BodyCollector, fieldsOf, hasBodyOf, MessageView } from "./message_view.ts";
import { bytesOf, textOf } from "./text.ts";

/** See the module. */
export class ResponseView extends MessageView implements FilterResponse {
  readonly isLocal: boolean;
  readonly #minorVersion: number;
  readonly #reason: string;
  #status: number;
  #isChanged = false;

  constructor(head: Head, memory: Uint8Array, base: number, isLocal: boolean, collect: BodyCollector) {
    super(fieldsOf(head, memory, base), hasBodyOf(head), collect);
    this.isLocal = isLocal;
    this.#minorVersion = head.minorVersion;
    this.#status = head.status;
    this.#reason = textOf(memory, base + head.reasonStart, base + head.reasonEnd);
  }

  /** @internal Has the head to be written anew? */
  get isChanged(): boolean {
    return this.#isChanged || this.fields.isChanged;
  }

  get status(): number {
    return this.#status;
  }

  set status(status: number) {
    if (status === this.#status) return;
    if (!Number.isInteger(status) || status < 200 || status > 599) throw new RangeError(`${status} is no final status`);
    // Whether there is a body would be another one.
    if (hasNoBody(status) || hasNoBody(this.#status)) {
      throw new TypeError(`The status ${this.#status} cannot be changed to ${status}: return a reply`);
    }
    this.#status = status;
    this.#isChanged = true;
  }

  /** @internal The head as it is now. */
  bytes(): Uint8Array {
    const reason = this.#isChanged ? "" : this.#reason;
    return bytesOf(`HTTP/1.${this.#minorVersion} ${this.#status} ${reason}\r\n${this.fields.lines(null)}\r\n`);
  }
}

function hasNoBody(status: number): boolean {
  return status === 204 || status === 304;
}
