/**
 * Finds the fields of a name.
 *
 * @module
 */
import { equalsLowerCase } from "../../../http/characters.ts";
import { FIELD_WORDS, type Head } from "../../../http/head.ts";
import { FIELD_OTHER, knownField } from "../../../http/known_fields.ts";
import { ascii } from "../bytes.ts";

/** The name of a field, in any case. */
export class FieldName {
  /** Its `FIELD_` number. */
  readonly id: number;
  readonly #bytes: Uint8Array;

  constructor(name: string) {
    this.#bytes = ascii(name.toLowerCase());
    this.id = knownField(this.#bytes, 0, this.#bytes.length);
  }

  /** Which field is the first one of that name from `from` on, or -1. */
  find(head: Head, memory: Uint8Array, base: number, from: number): number {
    if (this.id !== FIELD_OTHER) return head.findField(this.id, from);
    for (let field = from; field < head.fieldCount; field++) {
      if (head.fieldIds[field] === FIELD_OTHER && this.isOf(head, memory, base, field)) return field;
    }
    return -1;
  }

  /** Has the field that name? */
  isOf(head: Head, memory: Uint8Array, base: number, field: number): boolean {
    const start = base + (head.fields[field * FIELD_WORDS] as number);
    return equalsLowerCase(memory, start, base + (head.fields[field * FIELD_WORDS + 1] as number), this.#bytes);
  }
}
