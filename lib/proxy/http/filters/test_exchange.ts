/**
 * An exchange without a proxy, for the unit tests of filters.
 *
 * @module
 */

import { isToken } from "../../../http/characters.ts";
import { isOwnField } from "../own_fields.ts";
import { isFieldValue } from "./builtin/field_text.ts";
import type {
  BodyPieces,
  BodyTransform,
  FilterFields,
  FilterMessage,
  FilterReply,
  FilterRequest,
  FilterResponse,
  FilterRoute,
  FilterWorker,
  HttpExchange,
  HttpFilter,
} from "./filter.ts";

/** Names and values. */
export type TestFieldList = readonly (readonly [name: string, value: string])[];

/** Fields of a head, with the rules of {@linkcode FilterFields}. */
export class TestFields implements FilterFields {
  #list: (readonly [name: string, value: string])[];

  /** What came from the network: no rule is checked. */
  constructor(list: TestFieldList = []) {
    this.#list = [...list];
  }

  get(name: string): string | null {
    const values = this.getAll(name);
    return values.length === 0 ? null : values.join(", ");
  }

  getAll(name: string): string[] {
    return this.#list.filter(([other]) => isSame(name, other)).map(([, value]) => value);
  }

  has(name: string): boolean {
    return this.getAll(name).length > 0;
  }

  set(name: string, value: string): void {
    checkField(name, value);
    const at = this.#list.findIndex(([other]) => isSame(name, other));
    const others = this.#list.filter(([other], index) => !isSame(name, other) || index === at);
    this.#list = at < 0 ? [...others, [name, value]] : others.with(at, [name, value]);
  }

  append(name: string, value: string): void {
    checkField(name, value);
    this.#list.push([name, value]);
  }

  delete(name: string): void {
    checkField(name, "");
    this.#list = this.#list.filter(([other]) => !isSame(name, other));
  }

  [Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    return [...this.#list][Symbol.iterator]();
  }
}

function isSame(name: string, other: string): boolean {
  return name.toLowerCase() === other.toLowerCase();
}

function checkField(name: string, value: string): void {
  if (!isToken(name)) throw new TypeError(`Not a field's name: "${name}"`);
  if (isOwnField(name.toLowerCase())) throw new TypeError(`The proxy answers for ${name}`);
  if (!isFieldValue(value)) throw new TypeError(`Not a field's value: ${JSON.stringify(value)}`);
}

class TestMessage implements FilterMessage {
  readonly fields: TestFields;
  readonly hasBody: boolean;
  readonly transforms: BodyTransform[] = [];
  /** Does the hook of this head run? */
  isOpen = false;

  constructor(fields: TestFieldList, hasBody: boolean) {
    this.fields = new TestFields(fields);
    this.hasBody = hasBody;
  }

  transformBody(transform: BodyTransform): void {
    if (!this.isOpen) throw new TypeError("transformBody outside the hook of the head");
    this.transforms.push(transform);
  }

  replaceBody(): void {
    throw new TypeError("The test exchange replaces no body");
  }

  readBody(): Promise<Uint8Array> {
    return Promise.reject(new TypeError("The test exchange reads no body"));
  }
}

class TestRequest extends TestMessage implements FilterRequest {
  method: string;
  target: string;
  host = "example.com";
  readonly version: string = "1.1";

  constructor(options: TestExchangeOptions) {
    super(options.fields ?? [], false);
    this.method = options.method ?? "GET";
    this.target = options.target ?? "/";
  }

  get path(): string {
    return this.target.split("?", 1)[0] ?? "";
  }

  get query(): string {
    return this.target.slice(this.path.length + 1);
  }
}

class TestResponse extends TestMessage implements FilterResponse {
  status: number;
  readonly isLocal: boolean;

  constructor(status: number, fields: TestFieldList, hasBody: boolean, isLocal: boolean) {
    super(fields, hasBody);
    this.status = status;
    this.isLocal = isLocal;
  }
}

/** What a request is like. */
export interface TestExchangeOptions {
  readonly method?: string;
  readonly target?: string;
  readonly fields?: TestFieldList;
  readonly client?: string;
}

/** A request, and what a test lets filters do to it. */
export class TestExchange implements HttpExchange {
  readonly request: TestRequest;
  readonly client: string;
  readonly requestId: string = "0".repeat(32);
  readonly route: FilterRoute | null = null;
  readonly state: Map<string, unknown> = new Map();
  readonly upstream: string = "";
  readonly flag: string = "-";
  readonly status: number = 0;
  readonly startMs: number = 0;
  readonly durationMs: number = 0;
  readonly receivedBytes: number = 0;
  readonly sentBytes: number = 0;
  #response: TestResponse | null = null;

  constructor(options: TestExchangeOptions = {}) {
    this.request = new TestRequest(options);
    this.client = options.client ?? "192.0.2.1";
  }

  get response(): TestResponse | null {
    return this.#response;
  }

  reply(status: number, body: string | Uint8Array = "", fields: Readonly<Record<string, string>> = {}): FilterReply {
    if (!Number.isInteger(status) || status < 200 || status > 599) throw new RangeError(`Not a status: ${status}`);
    for (const [name, value] of Object.entries(fields)) checkField(name, value);
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    return { status, body: bytes, fields: Object.entries(fields) };
  }

  /** Let the request's head pass the filter. What it answered, or `null`. */
  async ask(filter: HttpFilter): Promise<TestReply | null> {
    this.request.isOpen = true;
    const reply = (await filter.onRequestHead?.(this)) ?? (await filter.onRoute?.(this));
    this.request.isOpen = false;
    return reply ? new TestReply(reply) : null;
  }

  /** Let a response's head pass the filter. Without a word about its body it has one, unless it is to HEAD. */
  async respond(
    filter: HttpFilter,
    status: number,
    fields: TestFieldList = [],
    { hasBody = this.request.method !== "HEAD", isLocal = false }: { hasBody?: boolean; isLocal?: boolean } = {},
  ): Promise<TestResponse> {
    const response = new TestResponse(status, fields, hasBody, isLocal);
    this.#response = response;
    response.isOpen = true;
    await filter.onResponseHead?.(this);
    response.isOpen = false;
    return response;
  }
}

/** A reply of a filter, in a form that can be compared. */
export class TestReply {
  readonly status: number;
  readonly body: string;
  readonly fields: TestFields;

  constructor(reply: FilterReply) {
    this.status = reply.status;
    this.body = new TextDecoder().decode(reply.body);
    this.fields = new TestFields(reply.fields);
  }
}

/** Let pieces pass a transform; what comes of each of them, and of the end. */
export async function transformPieces(transform: BodyTransform, pieces: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const results: Uint8Array[] = [];
  for (const piece of pieces) results.push(joinPieces(await transform.onPiece(piece)));
  results.push(joinPieces(await transform.onEnd?.()));
  return results;
}

/** What a transform passed on, as one piece. */
export function joinPieces(pieces: BodyPieces): Uint8Array {
  const list = pieces instanceof Uint8Array ? [pieces] : (pieces ?? []);
  const bytes = new Uint8Array(list.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of list) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** A worker that keeps what is logged. */
export class TestWorker implements FilterWorker {
  readonly index: number = 0;
  readonly count: number;
  readonly lines: string[] = [];

  constructor(count = 1) {
    this.count = count;
  }

  log(level: string, message: string): void {
    this.lines.push(`${level}: ${message}`);
  }
}
