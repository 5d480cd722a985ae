/**
 * The fields of a received head, as users of the web platform know them.
 *
 * @module
 */
import { FIELD_WORDS, type Head } from "../http/head.ts";
import { fieldName } from "../http/known_fields.ts";

/**
 * The fields of a head, whose text is given: a character stands for a byte (ISO-8859-1), as `Headers` wants it.
 * Repeated ones are joined as `Headers` does it.
 */
export function fieldsOf(head: Head, text: string): Headers {
  const { fields, fieldIds, fieldCount } = head;
  const headers = new Headers();
  for (let field = 0; field < fieldCount; field++) {
    const at = field * FIELD_WORDS;
    // Names that are known need no new text.
    const name = fieldName(fieldIds[field] as number) || text.slice(fields[at], fields[at + 1]);
    headers.append(name, text.slice(fields[at + 2], fields[at + 3]));
  }
  return headers;
}
