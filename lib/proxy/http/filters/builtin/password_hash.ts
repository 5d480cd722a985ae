/**
 * How passwords are kept: as text, in one of three forms.
 *
 * - `scrypt:N:r:p:SALT:HASH` (RFC 7914): made to be slow, for passwords that people choose.
 * - `sha256:SALT:HASH`, of the salt and the password behind it: quick, for long random secrets only.
 * - `plain:PASSWORD`: the password itself, for tests only.
 *
 * @module
 */
import { RingwayError } from "../../../../../ffi/errors.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";

/** The parameters of scrypt, RFC 7914 section 2. */
export interface ScryptCost {
  /** A power of 2. */
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** A hash, parsed. */
export type PasswordHash =
  | { readonly type: "scrypt"; readonly cost: ScryptCost; readonly salt: Uint8Array; readonly hash: Uint8Array }
  | { readonly type: "sha256"; readonly salt: Uint8Array; readonly hash: Uint8Array }
  | { readonly type: "plain"; readonly password: string };

/** 16 MiB; what OWASP's Password Storage Cheat Sheet holds for as good as 128 MiB with p = 1. */
const COST: ScryptCost = { N: 16_384, r: 8, p: 5 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** A password that is checked takes this much memory at most, 128 * N * r bytes. */
const MAXIMUM_MEMORY_BYTES = 128 * 1024 * 1024;
const MAXIMUM_PARALLELIZATION = 16;

/** What is wrong with the form of a hash, or `null`. It does not say what the hash is. */
export function checkPassword(hash: string): string | null {
  const parsed = parsePasswordHash(hash);
  return typeof parsed === "string" ? parsed : null;
}

/** A hash of the form `scrypt:...` with a new salt. Rejects with ERR_PASSWORD if it can't be a password (RFC 7617). */
export async function hashPassword(password: string): Promise<string> {
  if (password === "" || hasControls(password)) {
    const options = { code: "ERR_PASSWORD", source: "internal", operation: "hash a password" } as const;
    throw new RingwayError("A password is not empty and has no control characters", options);
  }
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  const hash = await scryptHash(password, salt, COST, HASH_BYTES);
  return ["scrypt", COST.N, COST.r, COST.p, encodeBase64(salt), encodeBase64(hash)].join(":");
}

/** Has the text control characters, which neither users nor passwords may have? */
export function hasControls(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

/** A hash, or what is wrong with its form. */
export function parsePasswordHash(text: string): PasswordHash | string {
  const [type, ...parts] = text.split(":");
  if (type === "plain") return parsePlain(text.slice("plain:".length));
  if (type === "sha256") return parseSha256(parts);
  if (type === "scrypt") return parseScrypt(parts);
  return "a password's hash begins with scrypt:, sha256: or plain:";
}

function parsePlain(password: string): PasswordHash | string {
  if (password === "") return "the password behind plain: is empty";
  if (hasControls(password)) return "the password behind plain: has control characters, which no client can send";
  return { type: "plain", password };
}

function parseSha256(parts: readonly string[]): PasswordHash | string {
  const [saltText = "", hashText = ""] = parts;
  const [salt, hash] = [decodeBase64(saltText), decodeBase64(hashText)];
  if (parts.length !== 2 || salt === null || hash === null)
    return "write sha256:SALT:HASH, both in base64 with padding";
  if (hash.length !== HASH_BYTES) return `a sha256 hash has ${HASH_BYTES} bytes, not ${hash.length}`;
  return { type: "sha256", salt, hash };
}

function parseScrypt(parts: readonly string[]): PasswordHash | string {
  const [saltText = "", hashText = ""] = parts.slice(3);
  const [salt, hash] = [decodeBase64(saltText), decodeBase64(hashText)];
  const [N = 0, r = 0, p = 0] = parts.slice(0, 3).map((part) => (/^[1-9]\d{0,9}$/.test(part) ? Number(part) : 0));
  if (parts.length !== 5 || N === 0 || r === 0 || p === 0 || salt === null || hash === null) {
    return "write scrypt:N:r:p:SALT:HASH: three numbers, and two texts in base64 with padding";
  }
  if (N < 2 || !Number.isInteger(Math.log2(N))) return `the N of scrypt is a power of 2, not ${N}`;
  if (128 * N * r > MAXIMUM_MEMORY_BYTES)
    return `scrypt's N * r is at most ${MAXIMUM_MEMORY_BYTES / 128}, not ${N * r}`;
  if (p > MAXIMUM_PARALLELIZATION) return `the p of scrypt is at most ${MAXIMUM_PARALLELIZATION}, not ${p}`;
  if (salt.length < 8) return `a salt of scrypt has 8 bytes or more, not ${salt.length}`;
  if (hash.length < 16 || hash.length > 64) return `a hash of scrypt has 16 to 64 bytes, not ${hash.length}`;
  return { type: "scrypt", cost: { N, r, p }, salt, hash };
}

/** Run scrypt in another thread. */
export async function scryptHash(
  password: string,
  salt: Uint8Array,
  cost: ScryptCost,
  bytes: number,
): Promise<Uint8Array> {
  const { scrypt } = await import("node:crypto");
  // What it takes, and some more for what runtimes add to it.
  const maxmem = 128 * cost.r * (cost.N + cost.p) + 1024 * 1024;
  return await new Promise((resolve, reject) => {
    scrypt(password, salt, bytes, { ...cost, maxmem }, (error, hash) => {
      // Not every runtime has null where there is none.
      if (error) reject(error);
      else resolve(hash);
    });
  });
}
