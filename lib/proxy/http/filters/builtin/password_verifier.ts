/**
 * Tells right passwords from wrong ones, in a time that does not depend on which users there are.
 *
 * @module
 */
import { ConcurrencyLimit } from "./concurrency_limit.ts";
import { type PasswordHash, type ScryptCost, scryptHash } from "./password_hash.ts";

/** Each of them takes a thread and some MiB. */
const MAXIMUM_RUNNING = 2;
const MAXIMUM_WAITING = 128;

/** Runs scrypt; another one is given by tests. */
export type Scrypt = (password: string, salt: Uint8Array, cost: ScryptCost, bytes: number) => Promise<Uint8Array>;

/** What it needs of node:crypto, which is loaded late. */
export type Crypto = Pick<
  typeof import("node:crypto"),
  "createHash" | "createHmac" | "randomBytes" | "timingSafeEqual"
>;

interface Entry {
  readonly hash: PasswordHash;
  /** The keyed hash of the user and the right password, once scrypt has found it right. */
  verified: Uint8Array | null;
}

/** `busy`: too many passwords are being checked. */
export type Verdict = "right" | "wrong" | "busy";

/** Users and the hashes of their passwords. */
export class PasswordVerifier {
  readonly #crypto: Crypto;
  readonly #scrypt: Scrypt;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #decoys: readonly Entry[];
  /** Of this process only: what is remembered is of no use to anyone else. */
  readonly #key: Uint8Array;
  readonly #limit: ConcurrencyLimit = new ConcurrencyLimit(MAXIMUM_RUNNING, MAXIMUM_WAITING);
  /** Checks that run, by what is checked: a page with many parts asks many times at once. */
  readonly #pending: Map<string, Promise<Verdict>> = new Map();

  /** There is one user at least. */
  constructor(users: ReadonlyMap<string, PasswordHash>, crypto: Crypto, scrypt: Scrypt = scryptHash) {
    this.#crypto = crypto;
    this.#scrypt = scrypt;
    this.#entries = new Map([...users].map(([user, hash]) => [user, { hash, verified: null }]));
    this.#decoys = [...this.#entries.values()];
    this.#key = crypto.randomBytes(32);
  }

  /** Is it the user's password? A password that was right before costs no scrypt. */
  verify(user: string, password: string): Verdict | Promise<Verdict> {
    const known = this.#entries.get(user);
    const entry = known ?? this.#decoyFor(user);
    const { hash } = entry;
    // Neither has control characters, so that the two are told apart.
    const digest = this.#digest(`${user}\0${password}`);
    if (hash.type !== "scrypt") return this.#isQuickMatch(hash, password) && known !== undefined ? "right" : "wrong";
    if (known?.verified && this.#crypto.timingSafeEqual(known.verified, digest)) return "right";
    return this.#verifySlowly(entry, hash, password, digest, known !== undefined);
  }

  /** Whose hash is computed for a user that there is not: always the same, or it would show in the time. */
  #decoyFor(user: string): Entry {
    const number = new DataView(this.#digest(user).buffer).getUint32(0);
    return this.#decoys[number % this.#decoys.length] as Entry;
  }

  #isQuickMatch(hash: Exclude<PasswordHash, { type: "scrypt" }>, password: string): boolean {
    const { createHash, timingSafeEqual } = this.#crypto;
    if (hash.type === "plain") return timingSafeEqual(this.#digest(hash.password), this.#digest(password));
    return timingSafeEqual(hash.hash, createHash("sha256").update(hash.salt).update(password).digest());
  }

  #verifySlowly(
    entry: Entry,
    hash: Extract<PasswordHash, { type: "scrypt" }>,
    password: string,
    digest: Uint8Array,
    isKnown: boolean,
  ): Verdict | Promise<Verdict> {
    const name = String.fromCharCode(...digest);
    const pending = this.#pending.get(name);
    if (pending !== undefined) return pending;
    if (this.#limit.isFull) return "busy";
    const check = this.#limit
      .run(() => this.#scrypt(password, hash.salt, hash.cost, hash.hash.length))
      .then((computed): Verdict => {
        if (!this.#crypto.timingSafeEqual(computed, hash.hash) || !isKnown) return "wrong";
        entry.verified = digest;
        return "right";
      })
      .finally(() => this.#pending.delete(name));
    this.#pending.set(name, check);
    return check;
  }

  #digest(text: string): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#crypto.createHmac("sha256", this.#key).update(text).digest());
  }
}
