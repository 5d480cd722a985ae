/**
 * Writes the head of one message after the other.
 *
 * @module
 */
import { IS_FIELD_VALUE, IS_TOKEN } from "../http/characters.ts";
import { ascii, put, putDecimal } from "../proxy/http/bytes.ts";

const INITIAL_BYTES = 4096;
/** Memory for a head that is longer than usual is not kept. */
const KEPT_BYTES = 65_536;
const COLON: Uint8Array = ascii(": ");
const END_OF_LINE: Uint8Array = ascii("\r\n");
/** 1 for all bytes. */
const IS_BYTE: Uint8Array = new Uint8Array(256).fill(1);

/**
 * Memory for a head that is being written. What it has written is valid until the next head.
 *
 * @example
 * ```ts
 * writer.begin();
 * writer.text("HTTP/1.1 200 OK\r\n");
 * writer.field("content-type", "text/plain");
 * const head = writer.end();
 * ```
 */
export class HeadWriter {
  #memory: Uint8Array = new Uint8Array(INITIAL_BYTES);
  #length = 0;

  /** A new head. */
  begin(): void {
    this.#length = 0;
    if (this.#memory.length > KEPT_BYTES) this.#memory = new Uint8Array(INITIAL_BYTES);
  }

  /** Bytes as they are. */
  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#length = put(this.#memory, this.#length, bytes);
  }

  /** A text that is known to be in its place here: a character stands for a byte. */
  text(text: string): void {
    this.#put(text, IS_BYTE, "text");
  }

  /** A text from elsewhere that ends a line, such as a reason phrase. Throws a `TypeError` for what can't be sent. */
  line(text: string): void {
    this.#put(text, IS_FIELD_VALUE, "text of a line");
    this.bytes(END_OF_LINE);
  }

  /** A field. Throws a `TypeError` for what can't be one. */
  field(name: string, value: string): void {
    this.#reserve(name.length + value.length + COLON.length + END_OF_LINE.length);
    this.#put(name, IS_TOKEN, "name of a field");
    this.#length = put(this.#memory, this.#length, COLON);
    this.#put(value, IS_FIELD_VALUE, "value of a field");
    this.#length = put(this.#memory, this.#length, END_OF_LINE);
  }

  /** A field whose line is there up to its value, a number. */
  decimalField(start: Uint8Array, value: number): void {
    this.bytes(start);
    this.#reserve(16 + END_OF_LINE.length);
    this.#length = putDecimal(this.#memory, this.#length, value);
    this.#length = put(this.#memory, this.#length, END_OF_LINE);
  }

  /** The empty line. Returns the head. */
  end(): Uint8Array {
    this.bytes(END_OF_LINE);
    return this.#memory.subarray(0, this.#length);
  }

  #put(text: string, allowed: Uint8Array, what: string): void {
    const { length } = text;
    this.#reserve(length);
    const memory = this.#memory;
    const at = this.#length;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (allowed[code] !== 1) throw new TypeError(`The ${what} has a character that can't be sent: ${quote(text)}`);
      memory[at + index] = code;
    }
    this.#length = at + length;
  }

  #reserve(bytes: number): void {
    const wanted = this.#length + bytes;
    if (wanted <= this.#memory.length) return;
    const larger = new Uint8Array(Math.max(wanted, 2 * this.#memory.length));
    larger.set(this.#memory.subarray(0, this.#length));
    this.#memory = larger;
  }
}

/** A text for a message, not all of it if it is long. */
function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}
