/**
 * Finds what belongs to a host, among exact names and wildcards, in one pass over its bytes in each direction.
 *
 * @module
 */
import { equalsLowerCase, LOWER_CASE } from "../../../http/characters.ts";
import type { Head } from "../../../http/head.ts";
import { hostNameEnd } from "../../../http/host.ts";
import { ascii } from "../bytes.ts";
import { expectNoProblem } from "./config_error.ts";

const DOT = 0x2e;
/** FNV-1a (https://www.rfc-editor.org/rfc/rfc9923): it can be carried on byte by byte. */
const HASH_START = 0x811c9dc5 | 0;
const HASH_PRIME = 0x01000193;

/** What is wrong with a domain from a configuration, or null. */
export function checkDomain(domain: string): string | null {
  if (domain === "*") return null;
  const name = withoutWildcard(domain);
  if (name.includes("*")) return `"${domain}" has a "*" that is not its first or last label, as in *.example.com`;
  const bytes = ascii(name);
  const nameEnd = hostNameEnd(bytes, 0, bytes.length);
  if (nameEnd < 0) return `"${domain}" is no host; names beyond ASCII are written as xn--...`;
  if (nameEnd < bytes.length) return `"${domain}" has a port: hosts are compared without one`;
  if (name.startsWith(".")) return `"${domain}" begins with a dot; *${domain} is the name with anything before it`;
  if (name.endsWith(".")) return `"${domain}" ends with a dot: leave it out`;
  if (name.startsWith("[") && name !== domain) return `"${domain}" is a wildcard in an address`;
  return null;
}

function withoutWildcard(domain: string): string {
  if (domain.startsWith("*.")) return domain.slice(2);
  return domain.endsWith(".*") ? domain.slice(0, -2) : domain;
}

/** Values by domain. Exact names win over wildcards, leading wildcards over trailing ones, long ones over short ones. */
export class Domains<Value> {
  /** What is for all hosts that nothing else is for, and for requests without one. */
  #fallback: Value | null = null;
  #isFallbackOnly = true;
  readonly #names: Names<Value> = new Names();
  /** With their first dot, as `.example.com`. */
  readonly #endings: Names<Value> = new Names();
  /** With their last dot, as `example.`. */
  readonly #beginnings: Names<Value> = new Names();

  /** Add a value. Throws `ERR_CONFIG` if the domain is none, or was added already. */
  add(domain: string, value: Value): void {
    expectNoProblem("domains", checkDomain(domain));
    const isNew = this.#put(domain.toLowerCase(), value);
    expectNoProblem("domains", isNew ? null : `"${domain}" is given more than once`);
  }

  /** Returns whether there was none. */
  #put(domain: string, value: Value): boolean {
    if (domain === "*") {
      const isNew = this.#fallback === null;
      this.#fallback = value;
      return isNew;
    }
    this.#isFallbackOnly = false;
    if (domain.startsWith("*.")) return this.#endings.add(domain.slice(1), value, true);
    if (domain.endsWith(".*")) return this.#beginnings.add(domain.slice(0, -1), value, false);
    return this.#names.add(domain, value, true);
  }

  /** The value for every request, if all get the same, or null. */
  get only(): Value | null {
    return this.#isFallbackOnly ? this.#fallback : null;
  }

  /** The value for the host of a request, or null. */
  find(head: Head, memory: Uint8Array, base: number): Value | null {
    if (this.#isFallbackOnly || !head.hasHost) return this.#fallback;
    const start = base + head.hostStart;
    let end = base + head.hostNameEnd;
    // `example.com.` is the same name, said to be a whole one (RFC 1034 section 3.1).
    if (end - start > 1 && memory[end - 1] === DOT) end--;
    return this.#findBackwards(memory, start, end) ?? this.#findForwards(memory, start, end) ?? this.#fallback;
  }

  #findBackwards(memory: Uint8Array, start: number, end: number): Value | null {
    let hash = HASH_START;
    let found: Value | null = null;
    for (let at = end - 1; at >= start; at--) {
      const byte = memory[at] as number;
      hash = addToHash(hash, byte);
      // The later, the longer.
      if (byte === DOT && at > start) found = this.#endings.find(hash, memory, at, end) ?? found;
    }
    return this.#names.find(hash, memory, start, end) ?? found;
  }

  #findForwards(memory: Uint8Array, start: number, end: number): Value | null {
    if (this.#beginnings.isEmpty) return null;
    let hash = HASH_START;
    let found: Value | null = null;
    for (let at = start; at < end - 1; at++) {
      const byte = memory[at] as number;
      hash = addToHash(hash, byte);
      if (byte === DOT) found = this.#beginnings.find(hash, memory, start, at + 1) ?? found;
    }
    return found;
  }
}

interface Name<Value> {
  readonly bytes: Uint8Array;
  readonly value: Value;
}

/** Values by name in lower case; looked up by bytes in any case. */
class Names<Value> {
  readonly #byHash: Map<number, Name<Value>[]> = new Map();

  get isEmpty(): boolean {
    return this.#byHash.size === 0;
  }

  /** Returns whether the name is new. */
  add(name: string, value: Value, isHashedBackwards: boolean): boolean {
    const bytes = ascii(name);
    const hash = (isHashedBackwards ? bytes.toReversed() : bytes).reduce(addToHash, HASH_START);
    if (this.find(hash, bytes, 0, bytes.length) !== null) return false;
    const sameHash = this.#byHash.get(hash) ?? [];
    sameHash.push({ bytes, value });
    this.#byHash.set(hash, sameHash);
    return true;
  }

  find(hash: number, memory: Uint8Array, start: number, end: number): Value | null {
    const sameHash = this.#byHash.get(hash);
    if (sameHash === undefined) return null;
    for (const name of sameHash) if (equalsLowerCase(memory, start, end, name.bytes)) return name.value;
    return null;
  }
}

function addToHash(hash: number, byte: number): number {
  return Math.imul(hash ^ (LOWER_CASE[byte] as number), HASH_PRIME);
}
