/**
 * What requests and responses have in common, as filters see them.
 *
 * @module
 */
import { FIELD_WORDS, type Head } from "../../../http/head.ts";
import type { BodyTransform, FilterMessage } from "./filter.ts";
import { HeadFields } from "./head_fields.ts";
import { textOf } from "./text.ts";

/** Waits for the whole body of a message. */
export type BodyCollector = (limitBytes: number) => Promise<Uint8Array>;

/** A body that a filter put in the place of another one. */
export type Replacement = Uint8Array | ReadableStream<Uint8Array>;

/** See the module. */
export class MessageView implements FilterMessage {
  readonly fields: HeadFields;
  readonly hasBody: boolean;
  /** @internal In the order in which they are run. */
  readonly transforms: BodyTransform[] = [];
  /** @internal In the place of the body. */
  replacement: Replacement | null = null;
  /** @internal May the body be changed now? */
  isOpen = true;
  readonly #collect: BodyCollector;

  constructor(fields: HeadFields, hasBody: boolean, collect: BodyCollector) {
    this.fields = fields;
    this.hasBody = hasBody;
    this.#collect = collect;
  }

  transformBody(transform: BodyTransform): void {
    this.#assertOpen("transformBody");
    this.transforms.push(transform);
  }

  replaceBody(body: string | Uint8Array | ReadableStream<Uint8Array>): void {
    this.#assertOpen("replaceBody");
    this.replacement = typeof body === "string" ? new TextEncoder().encode(body) : body;
  }

  async readBody(limitBytes: number): Promise<Uint8Array> {
    this.#assertOpen("readBody");
    if (!(limitBytes >= 0)) throw new RangeError(`A limit of ${limitBytes} bytes is none`);
    if (this.replacement instanceof Uint8Array) return this.replacement;
    if (this.replacement !== null) throw new TypeError("The body was replaced by a stream: read that");
    const body = this.hasBody ? await this.#collect(limitBytes) : new Uint8Array();
    this.replacement ??= body;
    return body;
  }

  #assertOpen(name: string): void {
    if (!this.isOpen) throw new TypeError(`${name} is possible only until the hook of the message's head is done`);
  }
}

/** The fields of a head that was parsed. */
export function fieldsOf(head: Head, memory: Uint8Array, base: number): HeadFields {
  const text = textOf(memory, base, base + head.length);
  const names: string[] = [];
  const values: string[] = [];
  for (let field = 0; field < head.fieldCount; field++) {
    const at = field * FIELD_WORDS;
    names.push(text.slice(head.fields[at], head.fields[at + 1]));
    values.push(text.slice(head.fields[at + 2], head.fields[at + 3]));
  }
  return new HeadFields(names, values);
}
