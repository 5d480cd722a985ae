/**
 * A request as filters see it.
 *
 * @module
 */
import { IS_TARGET, isToken } from "../../../http/characters.ts";
import { type Head, TARGET_ABSOLUTE, TARGET_ORIGIN } from "../../../http/head.ts";
import { hostNameEnd } from "../../../http/host.ts";
import type { FilterRequest } from "./filter.ts";
import { type BodyCollector, fieldsOf, hasBodyOf, MessageView } from "./message_view.ts";
import { bytesOf, textOf } from "./text.ts";

/** Fields that say where a request comes from: without a proxy in front that is trusted, anybody can claim anything. */
const CLAIMS: readonly string[] = [
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-proto",
  "x-real-ip",
  "x-request-id",
];

/** See the module. */
export class RequestView extends MessageView implements FilterRequest {
  readonly version: string;
  #method: string;
  #target: string;
  #host: string;
  /** Can the target be changed? Not that of CONNECT and of `OPTIONS *`. */
  readonly #hasPath: boolean;
  #isChanged = false;

  /** `isTrusted`: are the claims of the client's believed? */
  constructor(head: Head, memory: Uint8Array, base: number, isTrusted: boolean, collect: BodyCollector) {
    super(fieldsOf(head, memory, base), hasBodyOf(head), collect);
    const text = (start: number, end: number): string => textOf(memory, base + start, base + end);
    this.version = head.minorVersion === 1 ? "1.1" : "1.0";
    this.#method = text(head.methodStart, head.methodEnd);
    this.#hasPath = head.targetForm === TARGET_ORIGIN || head.targetForm === TARGET_ABSOLUTE;
    const target = this.#hasPath ? text(head.pathStart, head.pathEnd) : text(head.targetStart, head.targetEnd);
    this.#target = this.#hasPath && !target.startsWith("/") ? `/${target}` : target;
    this.#host = head.hasHost ? text(head.hostStart, head.hostEnd) : "";
    if (!isTrusted) for (const name of CLAIMS) this.fields.drop(name);
    this.fields.isChanged = false;
  }

  /** @internal Has the head to be written anew? */
  get isChanged(): boolean {
    return this.#isChanged || this.fields.isChanged;
  }

  /** @internal The head was written anew, as it is. */
  settle(): void {
    this.#isChanged = false;
    this.fields.isChanged = false;
  }

  get method(): string {
    return this.#method;
  }

  set method(method: string) {
    if (!isToken(method)) throw new TypeError(`${JSON.stringify(method)} is no method (RFC 9110 section 9.1)`);
    // The first three are about how the exchange goes on, not only about what is asked for.
    const isFixed = ["HEAD", "CONNECT", "TRACE"].some((one) => one === method || one === this.#method);
    if (method !== this.#method && (isFixed || !this.#hasPath)) {
      throw new TypeError(`The method ${this.#method} cannot be changed to ${method}`);
    }
    this.#method = method;
    this.#isChanged = true;
  }

  get target(): string {
    return this.#target;
  }

  set target(target: string) {
    if (!this.#hasPath) throw new TypeError(`The target of ${this.#method} ${this.#target} cannot be changed`);
    const isValid = target.startsWith("/") && [...target].every((one) => IS_TARGET[one.charCodeAt(0)] === 1);
    if (!isValid) throw new TypeError(`${JSON.stringify(target)} is no path and query; percent-encode it`);
    this.#target = target;
    this.#isChanged = true;
  }

  get path(): string {
    const query = this.#target.indexOf("?");
    return query < 0 ? this.#target : this.#target.slice(0, query);
  }

  get query(): string {
    const query = this.#target.indexOf("?");
    return query < 0 ? "" : this.#target.slice(query + 1);
  }

  get host(): string {
    return this.#host;
  }

  set host(host: string) {
    const bytes = bytesOf(host);
    if (host.length !== bytes.length || hostNameEnd(bytes, 0, bytes.length) < 0) {
      throw new TypeError(`${JSON.stringify(host)} is no host with an optional port`);
    }
    this.#host = host;
    this.#isChanged = true;
  }

  /** @internal The head as it is now. */
  bytes(): Uint8Array {
    const fields = this.fields.lines(this.#hasPath ? this.#host : null);
    return bytesOf(`${this.#method} ${this.#target} HTTP/${this.version}\r\n${fields}\r\n`);
  }
}
