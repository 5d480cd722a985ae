/**
 * What requests and responses have in common, as filters see them.
 *
 * @module
 */
import { FIELD_WORDS, FRAMING_LENGTH, FRAMING_NONE, type Head } from "../../../http/head.ts";
import { BODY_TOO_LARGE, bodyError } from "./body_error.ts";
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
  readonly #collect: BodyCollector;
  #isOpen = true;
  #isTaken = false;
  #isRead = false;

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
    const replacement = typeof body === "string" ? new TextEncoder().encode(body) : body;
    if (!(replacement instanceof Uint8Array || replacement instanceof ReadableStream)) {
      throw new TypeError("A body is text, a Uint8Array or a ReadableStream");
    }
    this.#dropReplacement();
    this.replacement = replacement;
  }

  readBody(limitBytes: number): Promise<Uint8Array> {
    const body = this.#read(limitBytes);
    // A filter that does not wait for it does not have to look at its failure.
    body.catch(() => {});
    return body;
  }

  async #read(limitBytes: number): Promise<Uint8Array> {
    this.#assertOpen("readBody");
    if (!(limitBytes >= 0)) throw new RangeError(`A limit of ${limitBytes} bytes is none`);
    const { replacement } = this;
    if (replacement instanceof Uint8Array) {
      if (replacement.length > limitBytes) throw bodyError(`It is longer than ${limitBytes} bytes`, BODY_TOO_LARGE);
      return replacement;
    }
    if (replacement !== null) throw new TypeError("The body was replaced by a stream: read that");
    if (!this.hasBody) return new Uint8Array();
    if (this.#isRead) throw bodyError("It is being read already, or was longer than a limit", "ERR_BODY_READ");
    // What was read is gone, unless the body is replaced.
    this.#isRead = true;
    const body = await this.#collect(limitBytes);
    this.replacement ??= body;
    return body;
  }

  /** @internal The hooks are done, or nobody is interested in what they do any more. */
  close(): void {
    this.#isOpen = false;
  }

  /** @internal The body is sent: who does that, lets go of transforms and replacement, too. */
  take(): void {
    this.#isTaken = true;
  }

  /** @internal Let go of what would have become of the body. */
  discard(): void {
    if (this.#isTaken) return;
    this.#isTaken = true;
    this.#dropReplacement();
    abortTransforms(this.transforms);
  }

  #dropReplacement(): void {
    // It fails if somebody reads it.
    if (this.replacement instanceof ReadableStream) this.replacement.cancel().catch(() => {});
  }

  /** @internal Was the body read in part, so that it can't be sent any more? */
  get isLost(): boolean {
    return this.#isRead && this.replacement === null;
  }

  #assertOpen(name: string): void {
    if (!this.#isOpen) throw new TypeError(`${name} is possible only until the hook of the message's head is done`);
  }
}

/** Tell transforms that their body will never be complete. */
export function abortTransforms(transforms: readonly BodyTransform[]): void {
  for (const transform of transforms) {
    try {
      transform.onAbort?.();
    } catch {
      // It has nothing to say any more.
    }
  }
}

/** Has a message with that head a body, as far as is known? */
export function hasBodyOf(head: Head): boolean {
  return head.framing !== FRAMING_NONE && !(head.framing === FRAMING_LENGTH && head.contentLength === 0);
}

/**
 * The fields of a head that was parsed, without those that are for one connection only: what Connection names must not
 * take a field away that a filter sets. That another protocol is asked for stays.
 */
export function fieldsOf(head: Head, memory: Uint8Array, base: number): HeadFields {
  const text = textOf(memory, base, base + head.length);
  const names: string[] = [];
  const values: string[] = [];
  for (let field = 0; field < head.fieldCount; field++) {
    const isUpgrade = field === head.upgradeField;
    if (head.hopByHop[field] === 1 && !isUpgrade) continue;
    const at = field * FIELD_WORDS;
    names.push(text.slice(head.fields[at], head.fields[at + 1]));
    values.push(text.slice(head.fields[at + 2], head.fields[at + 3]));
    if (!isUpgrade) continue;
    names.push("connection");
    values.push("upgrade");
  }
  return new HeadFields(names, values);
}
