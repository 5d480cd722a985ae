/**
 * The fields of a head, as filters see them.
 *
 * @module
 */
import { IS_FIELD_VALUE, isToken } from "../../../http/characters.ts";
import { isOwnField, type OwnField } from "../own_fields.ts";
import type { FilterFields } from "./filter.ts";

/** What to do instead of changing what the proxy answers for. */
const ADVICE: Readonly<Record<OwnField, string>> = {
  "content-length": "it follows from the body: use replaceBody or transformBody",
  "transfer-encoding": "it follows from the body: use replaceBody or transformBody",
  connection: "it is about one connection only",
  "keep-alive": "it is about one connection only",
  "proxy-connection": "it is about one connection only",
  upgrade: "it is about one connection only",
  te: "it is about one connection only",
  trailer: "it belongs to the framing of the body",
  host: "set request.host",
};

/** See the module. Few enough that looking through all of them is fast. */
export class HeadFields implements FilterFields {
  /** Was anything changed? */
  isChanged = false;
  /** As they are written. */
  readonly #names: string[];
  readonly #lowerCase: string[];
  readonly #values: string[];

  /** Fields by their names and values, which are kept. */
  constructor(names: string[], values: string[]) {
    this.#names = names;
    this.#lowerCase = names.map((name) => name.toLowerCase());
    this.#values = values;
  }

  get(name: string): string | null {
    const wanted = name.toLowerCase();
    const first = this.#lowerCase.indexOf(wanted);
    if (first < 0) return null;
    if (this.#lowerCase.indexOf(wanted, first + 1) < 0) return this.#values[first] ?? null;
    return this.getAll(name).join(", ");
  }

  getAll(name: string): string[] {
    const wanted = name.toLowerCase();
    return this.#values.filter((_, index) => this.#lowerCase[index] === wanted);
  }

  has(name: string): boolean {
    return this.#lowerCase.includes(name.toLowerCase());
  }

  set(name: string, value: string): void {
    checkField(name, value);
    this.#remove(name);
    this.#push(name, value);
  }

  append(name: string, value: string): void {
    checkField(name, value);
    this.#push(name, value);
  }

  delete(name: string): void {
    checkName(name);
    this.#remove(name);
  }

  /** @internal Remove a field that a filter could not. */
  drop(name: string): void {
    this.#remove(name);
  }

  *[Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    for (let index = 0; index < this.#values.length; index++) {
      yield [this.#lowerCase[index] as string, this.#values[index] as string];
    }
  }

  /** @internal The lines of a head; `host`: the value of Host, if that is to be another one. */
  lines(host: string | null): string {
    let text = "";
    let hasHost = false;
    for (let index = 0; index < this.#values.length; index++) {
      const isHost = host !== null && this.#lowerCase[index] === "host";
      hasHost ||= isHost;
      text += `${this.#names[index]}: ${isHost ? host : this.#values[index]}\r\n`;
    }
    return host === null || hasHost || host === "" ? text : `host: ${host}\r\n${text}`;
  }

  #push(name: string, value: string): void {
    this.isChanged = true;
    this.#names.push(name);
    this.#lowerCase.push(name.toLowerCase());
    this.#values.push(value);
  }

  #remove(name: string): void {
    const wanted = name.toLowerCase();
    for (let index = this.#lowerCase.lastIndexOf(wanted); index >= 0; index = this.#lowerCase.lastIndexOf(wanted)) {
      this.isChanged = true;
      this.#names.splice(index, 1);
      this.#lowerCase.splice(index, 1);
      this.#values.splice(index, 1);
    }
  }
}

function checkName(name: string): void {
  if (!isToken(name)) throw new TypeError(`${JSON.stringify(name)} is no field's name (RFC 9110 section 5.1)`);
  const lowerCase = name.toLowerCase();
  if (isOwnField(lowerCase)) throw new TypeError(`A filter cannot change the field "${name}": ${ADVICE[lowerCase]}`);
}

/** Throws a TypeError if a filter can't set such a field. */
export function checkField(name: string, value: string): void {
  if (typeof name !== "string" || typeof value !== "string") throw new TypeError("A field's name and value are text");
  checkName(name);
  if (value !== value.trim()) throw new TypeError(`The value of "${name}" has space around it`);
  for (let index = 0; index < value.length; index++) {
    if (IS_FIELD_VALUE[value.charCodeAt(index)] !== 1) {
      const found = JSON.stringify(value[index]);
      throw new TypeError(`The value of "${name}" has a character that no field has: ${found}; encode it`);
    }
  }
}
