/**
 * Requests and responses as the handlers of events see them.
 *
 * @module
 */
import type { FilterFields, FilterReply, FilterRequest, HttpExchange } from "../proxy/http/filters/filter.ts";
import { isOwnField } from "../proxy/http/own_fields.ts";
import { devProxyError } from "./errors.ts";
import type { DevProxyReply, DevProxyRequest, DevProxyTargetRequest, DevProxyTargetResponse } from "./options.ts";

type FieldValue = string | number | readonly string[];

function textsOf(value: FieldValue): string[] {
  return typeof value === "object" ? value.map(String) : [String(value)];
}

/** What the client has sent, as it came. */
export function clientRequest(exchange: HttpExchange): DevProxyRequest {
  const { request, client } = exchange;
  const headers: Record<string, string> = {};
  for (const [name, value] of request.fields) {
    const separator = name === "cookie" ? "; " : ", ";
    headers[name] = headers[name] === undefined ? value : `${headers[name]}${separator}${value}`;
  }
  if (request.host !== "") headers["host"] = request.host;
  const { method, target: url, version: httpVersion } = request;
  return { method, url, headers, httpVersion, socket: { remoteAddress: client } };
}

/** Fields that without `xfwd` no request has. */
export const FORWARDED_FIELDS: readonly string[] = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];

/** Throws a RingwayError for a field that would be removed again. */
export function checkForwarded(name: string, isForwarding: boolean): void {
  if (isForwarding || !FORWARDED_FIELDS.includes(name.toLowerCase())) return;
  throw devProxyError(`The field "${name}" is not sent without the option xfwd: set it to true`);
}

/** See the module. */
export class TargetRequest implements DevProxyTargetRequest {
  readonly #request: FilterRequest;
  readonly #isForwarding: boolean;

  /** `isForwarding`: may it say where it comes from? */
  constructor(request: FilterRequest, isForwarding: boolean) {
    this.#request = request;
    this.#isForwarding = isForwarding;
  }

  get method(): string {
    return this.#request.method;
  }

  get path(): string {
    return this.#request.target;
  }

  set path(path: string) {
    this.#request.target = path;
  }

  getHeader(name: string): string | string[] | undefined {
    if (name.toLowerCase() === "host") return this.#request.host;
    const values = this.#request.fields.getAll(name);
    return values.length > 1 ? values : values[0];
  }

  hasHeader(name: string): boolean {
    return this.getHeader(name) !== undefined;
  }

  setHeader(name: string, value: FieldValue): void {
    checkForwarded(name, this.#isForwarding);
    if (name.toLowerCase() === "host") this.#request.host = String(value);
    else setAll(this.#request.fields, name, textsOf(value));
  }

  removeHeader(name: string): void {
    this.#request.fields.delete(name);
  }
}

function setAll(fields: FilterFields, name: string, values: readonly string[]): void {
  fields.delete(name);
  for (const value of values) fields.append(name, value);
}

/** See the module. */
export class TargetResponse implements DevProxyTargetResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string | string[] | undefined> = {};
  readonly #before: Readonly<Record<string, string | string[] | undefined>>;

  /** Of the target's response. */
  constructor(statusCode: number, fields: FilterFields) {
    this.statusCode = statusCode;
    for (const [name] of fields) {
      if (this.headers[name] !== undefined) continue;
      this.headers[name] = name === "set-cookie" ? fields.getAll(name) : (fields.get(name) ?? undefined);
    }
    this.#before = structuredClone(this.headers);
  }

  /** Change in the response what handlers have changed here. */
  applyTo(fields: FilterFields): void {
    const names = new Set([...Object.keys(this.#before), ...Object.keys(this.headers)]);
    for (const name of names) {
      const value = this.headers[name];
      if (JSON.stringify(value) === JSON.stringify(this.#before[name])) continue;
      if (value === undefined) fields.delete(name);
      else setAll(fields, name, textsOf(value));
    }
  }
}

/** See the module. */
export class Reply implements DevProxyReply {
  statusCode = 200;
  /** Is it too late for another answer? */
  hasBegun = false;
  #isEnded = false;
  readonly #fields = new Map<string, readonly [name: string, values: readonly string[]]>();
  readonly #pieces: Uint8Array[] = [];

  get headersSent(): boolean {
    return this.hasBegun || this.#isEnded;
  }

  /** Was `end` called, so that this is the answer? */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  getHeader(name: string): string | readonly string[] | undefined {
    const values = this.#fields.get(name.toLowerCase())?.[1];
    return values !== undefined && values.length === 1 ? values[0] : values;
  }

  setHeader(name: string, value: FieldValue): void {
    this.#fields.set(name.toLowerCase(), [name, textsOf(value)]);
  }

  removeHeader(name: string): void {
    this.#fields.delete(name.toLowerCase());
  }

  writeHead(statusCode: number, headers: Readonly<Record<string, FieldValue>> = {}): this {
    this.statusCode = statusCode;
    for (const [name, value] of Object.entries(headers)) this.setHeader(name, value);
    return this;
  }

  write(text: string | Uint8Array): void {
    if (this.headersSent) return;
    this.#pieces.push(typeof text === "string" ? new TextEncoder().encode(text) : text);
  }

  end(text?: string | Uint8Array): void {
    if (this.headersSent) return;
    if (text !== undefined) this.write(text);
    this.#isEnded = true;
  }

  /** Set in the target's response what handlers have set here. */
  applyTo(fields: FilterFields): void {
    for (const [name, values] of this.#fields.values()) setAll(fields, name, values);
  }

  /** The answer. What frames it is the proxy's business. */
  toFilterReply(exchange: HttpExchange): FilterReply {
    const bytes = new Uint8Array(this.#pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of this.#pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    const fields = [...this.#fields.values()]
      .filter(([name]) => !isOwnField(name.toLowerCase()))
      .flatMap(([name, values]) => values.map((value) => [name, value] as const));
    return { ...exchange.reply(this.statusCode, bytes), fields };
  }
}
