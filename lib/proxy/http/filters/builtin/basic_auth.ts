/**
 * Asks for a user and a password (RFC 7617).
 *
 * @module
 */
import type { FilterReply, HttpExchange, HttpFilter } from "../filter.ts";
import { parseBasicCredentials } from "./basic_credentials.ts";
import { isFieldValue, quoted } from "./field_text.ts";
import type { BasicAuthOptions } from "./options.ts";
import { optionsError } from "./options_error.ts";
import { hasControls, type PasswordHash, parsePasswordHash } from "./password_hash.ts";
import { PasswordVerifier, type Scrypt, type Verdict } from "./password_verifier.ts";
import { textReply } from "./text_reply.ts";

/** Where other filters find the user's name, in {@linkcode HttpExchange.state}. */
export const BASIC_AUTH_USER = "basic-auth.user";

/**
 * Answers 401 to requests without the right user and password. The endpoint gets the Authorization field as it came.
 * Throws ERR_FILTER_OPTIONS. `scrypt` is given by tests.
 */
export function basicAuth(options: BasicAuthOptions, scrypt?: Scrypt): HttpFilter {
  return new BasicAuthFilter(options, scrypt);
}

class BasicAuthFilter implements HttpFilter {
  readonly name: string = "basic-auth";
  readonly #challenge: string;
  readonly #users: ReadonlyMap<string, PasswordHash>;
  readonly #scrypt: Scrypt | undefined;
  #verifier: PasswordVerifier | null = null;

  constructor({ realm, users }: BasicAuthOptions, scrypt: Scrypt | undefined) {
    if (!isFieldValue(realm)) throw optionsError("basic-auth", "realm must be printable ASCII");
    this.#challenge = `Basic realm=${quoted(realm)}, charset="UTF-8"`;
    this.#users = parseUsers(users);
    this.#scrypt = scrypt;
  }

  async onStart(): Promise<void> {
    this.#verifier = new PasswordVerifier(this.#users, await import("node:crypto"), this.#scrypt);
  }

  onRequestHead(exchange: HttpExchange): FilterReply | undefined | Promise<FilterReply | undefined> {
    const credentials = parseBasicCredentials(exchange.request.fields.get("authorization") ?? "");
    if (credentials === null || this.#verifier === null) return this.#refuse(exchange);
    const { user, password } = credentials;
    const verdict = this.#verifier.verify(user, password);
    if (typeof verdict === "string") return this.#answer(exchange, user, verdict);
    return verdict.then((later) => this.#answer(exchange, user, later));
  }

  #answer(exchange: HttpExchange, user: string, verdict: Verdict): FilterReply | undefined {
    if (verdict === "busy") return textReply(exchange, 503, "Too many passwords to check", { "Retry-After": "1" });
    if (verdict === "wrong") return this.#refuse(exchange);
    exchange.state.set(BASIC_AUTH_USER, user);
    return undefined;
  }

  #refuse(exchange: HttpExchange): FilterReply {
    return textReply(exchange, 401, "A user and a password are needed", { "WWW-Authenticate": this.#challenge });
  }
}

function parseUsers(users: Readonly<Record<string, string>>): Map<string, PasswordHash> {
  const parsed = new Map<string, PasswordHash>();
  for (const [user, text] of Object.entries(users)) {
    if (user === "" || user.includes(":") || hasControls(user)) {
      throw optionsError("basic-auth", `"${user}" can't be a user: it is empty, or has a colon or control characters`);
    }
    const hash = parsePasswordHash(text);
    if (typeof hash === "string") throw optionsError("basic-auth", `user "${user}": ${hash}`);
    parsed.set(user, hash);
  }
  if (parsed.size === 0) throw optionsError("basic-auth", "users is empty: nobody could pass");
  return parsed;
}
