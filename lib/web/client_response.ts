/**
 * The `Response` that a client returns, from a response's head.
 *
 * @module
 */
import type { Head } from "../http/head.ts";
import { hasNoBody } from "../http/status.ts";
import { textOf } from "../proxy/http/filters/text.ts";
import { appendFields, fieldsOf } from "./head_fields.ts";

/** What a head says, in the words of the web platform. */
export interface ResponseParts {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
}

const RESET_CONTENT = 205;

/** Read a head. */
export function responsePartsOf(head: Head, memory: Uint8Array, base: number): ResponseParts {
  const text = textOf(memory, base, base + head.length);
  const headers = new Headers();
  appendFields(headers, fieldsOf(head, text));
  return { status: head.status, statusText: text.slice(head.reasonStart, head.reasonEnd), headers };
}

/** A response, which knows where it comes from. */
export class ClientResponse extends Response {
  readonly #url: string;

  constructor(url: string, parts: ResponseParts, body: BodyInit | null) {
    const canHaveBody = !hasNoBody(parts.status) && parts.status !== RESET_CONTENT;
    super(canHaveBody ? body : null, parts);
    this.#url = url;
  }

  override get url(): string {
    return this.#url;
  }
}
