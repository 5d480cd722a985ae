/**
 * The `Request` that a handler gets, from a request's head.
 *
 * @module
 */
import { type Head, TARGET_ABSOLUTE, TARGET_ASTERISK } from "../http/head.ts";
import { methodName } from "../http/methods.ts";
import { textOf } from "../proxy/http/filters/text.ts";
import { appendFields, type FieldTexts, fieldsOf } from "./head_fields.ts";

/** Knows when a client is gone. */
export interface SignalOwner {
  readonly signal: AbortSignal;
}

/** What a request consists of besides its body. */
export interface RequestParts {
  readonly method: string;
  readonly url: string;
  readonly fields: FieldTexts;
}

/** What a head says, in the words of the web platform. `authority`: of requests that name no host. */
export function partsOf(head: Head, memory: Uint8Array, base: number, authority: () => string): RequestParts {
  const text = textOf(memory, base, base + head.length);
  return {
    method: methodName(head.method) || text.slice(head.methodStart, head.methodEnd),
    url: urlOf(head, text, authority),
    fields: fieldsOf(head, text),
  };
}

function urlOf(head: Head, text: string, authority: () => string): string {
  const target = text.slice(head.targetStart, head.targetEnd);
  if (head.targetForm === TARGET_ABSOLUTE) return target;
  const host = head.hasHost ? text.slice(head.hostStart, head.hostEnd) : authority();
  return `http://${host}${head.targetForm === TARGET_ASTERISK ? "/*" : target}`;
}

/** A request whose signal is made only if somebody asks for it. */
export class ServerRequest extends Request {
  readonly #owner: SignalOwner;

  /** Throws a `TypeError` for what can't be a `Request`. */
  constructor(owner: SignalOwner, parts: RequestParts, body: BodyInit | null) {
    super(parts.url, body === null ? { method: parts.method } : withBody(parts.method, body));
    this.#owner = owner;
    // To give headers to the constructor would be to have them copied.
    appendFields(this.headers, parts.fields);
  }

  /** Aborted when the client is gone before it has the response. */
  override get signal(): AbortSignal {
    return this.#owner.signal;
  }

  override clone(): Request {
    return new Request(super.clone(), { signal: this.signal });
  }
}

/** Streams need `duplex`, of which the types know nothing yet. */
function withBody(method: string, body: BodyInit): RequestInit & { readonly duplex: "half" } {
  return { method, body, duplex: "half" };
}
