/**
 * The fields of a received head, as users of the web platform know them.
 *
 * @module
 */
import { FIELD_WORDS, type Head } from "../http/head.ts";
import { fieldName } from "../http/known_fields.ts";

/** The names and values of a head's fields, one after the other, in their order. */
export type FieldTexts = readonly string[];

/** The fields of a head, whose text is given: a character stands for a byte (ISO-8859-1), as `Headers` wants it. */
export function fieldsOf(head: Head, text: string): FieldTexts {
  const { fields, fieldIds, fieldCount } = head;
  const texts: string[] = [];
  for (let field = 0; field < fieldCount; field++) {
    const at = field * FIELD_WORDS;
    // Names that are known need no new text.
    const name = fieldName(fieldIds[field] as number) || text.slice(fields[at], fields[at + 1]);
    texts.push(name, text.slice(fields[at + 2], fields[at + 3]));
  }
  return texts;
}

/** Add fields to headers, which join repeated ones. */
export function appendFields(headers: Headers, texts: FieldTexts): void {
  for (let index = 0; index < texts.length; index += 2) {
    headers.append(texts[index] as string, texts[index + 1] as string);
  }
}
