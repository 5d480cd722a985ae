/**
 * Changes to the fields of a head, as tables and bytes that are made once.
 *
 * @module
 */
import { isToken } from "../../../http/characters.ts";
import type { Head } from "../../../http/head.ts";
import { FIELD_COUNT, FIELD_OTHER } from "../../../http/known_fields.ts";
import { ascii } from "../bytes.ts";
import { isOwnField, type OwnField } from "../own_fields.ts";
import { expectNoProblem } from "./config_error.ts";
import { FieldName } from "./field_name.ts";
import type { HeaderChanges } from "./route_options.ts";

/** Why a field that the proxy answers for can't be changed, or what to do instead. */
const REFUSED: Readonly<Record<OwnField, string>> = {
  "content-length": "the length is that of the body that is sent",
  "transfer-encoding": "bodies are framed as each connection needs it",
  connection: "it is about one connection, which the proxy keeps or closes; see keep_alive_timeout_ms",
  "keep-alive": "it is about one connection, and is never forwarded",
  "proxy-connection": "it is about one connection, and is never forwarded",
  upgrade: "it is forwarded if a client asks for another protocol, and only then",
  te: "it is about one connection, and is never forwarded",
  trailer: "it says what a body's sender sends after it",
  host: "use rewrite.host or rewrite.host_from_endpoint",
};

/** What is wrong with the name of a field that is to be set, added or removed, or null. */
export function checkFieldName(name: string): string | null {
  if (!isToken(name)) return `"${name}" is no name of a field: it is a token (RFC 9110 section 5.6.2)`;
  const lowerCase = name.toLowerCase();
  return isOwnField(lowerCase) ? `"${name}" can't be changed: ${REFUSED[lowerCase]}` : null;
}

/** What is wrong with the value of a field that is to be sent, or null. It is sent as UTF-8. */
export function checkFieldValue(value: string): string | null {
  for (const byte of ascii(value)) {
    if (byte < 0x20 || byte === 0x7f) return "The value has a control character, such as the end of a line";
  }
  return value.startsWith(" ") || value.endsWith(" ") ? "The value begins or ends with a space" : null;
}

/**
 * A {@linkcode HeaderChanges}, compiled, of requests or of responses.
 *
 * @example
 * ```ts
 * edits.mark(head, memory, base);
 * let end = putFields(target, at, head, memory, base, dropped, kept, -1);
 * end = put(target, end, edits.appended);
 * ```
 */
export class HeaderEdits {
  /** The lines of the fields that are set and added, each with its CRLF. They come behind all others. */
  readonly appended: Uint8Array;
  /** Bytes that a head grows by at the most. */
  readonly maximumBytes: number;
  /**
   * By `FIELD_` number: 1 if the field is removed or set. A field that the writer of a head adds of its own accord,
   * such as Date or X-Forwarded-Proto, is left out then.
   */
  readonly named: Uint8Array = new Uint8Array(FIELD_COUNT);
  /** The names that are removed or set, in lower case. */
  readonly #names: ReadonlySet<string>;
  /** Those of them that have no number. */
  readonly #others: readonly FieldName[];

  /** Throws `ERR_CONFIG` for names and values that can't be sent. */
  constructor(changes: HeaderChanges) {
    const sent = [...changes.set, ...changes.add];
    for (const name of changes.remove) expectNoProblem("remove", checkFieldName(name));
    for (const [name, value] of sent) {
      expectNoProblem("set or add", checkFieldName(name));
      expectNoProblem(`set or add ${name}`, checkFieldValue(value));
    }
    this.appended = ascii(sent.map(([name, value]) => `${name}: ${value}\r\n`).join(""));
    this.maximumBytes = this.appended.length;
    const names = [...changes.remove, ...changes.set.map(([name]) => name)];
    this.#names = new Set(names.map((name) => name.toLowerCase()));
    const fields = [...this.#names].map((name) => new FieldName(name));
    for (const { id } of fields) if (id !== FIELD_OTHER) this.named[id] = 1;
    this.#others = fields.filter(({ id }) => id === FIELD_OTHER);
  }

  /** Is a field with that name, in lower case, removed or set? */
  isNamed(name: string): boolean {
    return this.#names.has(name);
  }

  /** Note in `head.hopByHop` which fields are not forwarded. */
  mark(head: Head, memory: Uint8Array, base: number): void {
    const { fieldCount, fieldIds, hopByHop } = head;
    for (let field = 0; field < fieldCount; field++) {
      const id = fieldIds[field] as number;
      if (id === FIELD_OTHER ? this.#isOther(head, memory, base, field) : this.named[id] === 1) hopByHop[field] = 1;
    }
  }

  #isOther(head: Head, memory: Uint8Array, base: number, field: number): boolean {
    for (const name of this.#others) if (name.isOf(head, memory, base, field)) return true;
    return false;
  }
}
