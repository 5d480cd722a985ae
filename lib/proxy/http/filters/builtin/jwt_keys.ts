/**
 * The keys that tokens are signed with.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import type { JWTVerifyGetKey } from "jose";
import { RingwayError } from "../../../../../ffi/errors.ts";
import type { FilterWorker } from "../filter.ts";
import type { JwtOptions } from "./options.ts";
import { optionsError } from "./options_error.ts";

/** The library, which is loaded when a worker starts that uses it. */
export type Jose = typeof import("jose");

/** Fetched keys are good for this long, then they are fetched again. */
const REFRESH_MS = 10 * 60_000;
/** If that fails, they stay good for this long. */
const MAXIMUM_AGE_MS = 60 * 60_000;
/** Between two fetches, for whatever reason: a token with an unknown key must not become a request each time. */
const COOL_DOWN_MS = 30_000;
const FETCH_TIMEOUT_MS = 3000;
/** A set of some hundred keys. */
const MAXIMUM_SET_BYTES = 1024 * 1024;

/** Milliseconds since whenever, never less than before. */
export type Clock = () => number;

/** That the keys could not be fetched, whatever the token is like. */
export class KeysUnavailableError extends RingwayError {
  constructor(cause: unknown) {
    const text = cause instanceof Error ? cause.message : String(cause);
    super(`The keys for tokens could not be fetched: ${text}`, {
      code: "ERR_JWT_KEYS",
      source: "internal",
      operation: "fetch keys",
      cause,
    });
  }
}

/**
 * Load the keys. A file that can't be read rejects with ERR_FILTER_OPTIONS; keys that can't be fetched are fetched
 * again later.
 */
export async function loadKeys(
  jose: Jose,
  options: JwtOptions,
  worker: FilterWorker,
  clock: Clock,
): Promise<Uint8Array | JWTVerifyGetKey> {
  if (options.secret !== "") return new TextEncoder().encode(options.secret);
  if (options.jwksFile !== "") return await readKeys(jose, options.jwksFile);
  const keys = new RemoteKeys(jose, new URL(options.jwksUrl), worker, clock);
  await keys.refresh();
  return keys.find;
}

async function readKeys(jose: Jose, path: string): Promise<JWTVerifyGetKey> {
  try {
    return jose.createLocalJWKSet(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw optionsError("jwt", `jwks_file "${path}" can't be used as a JSON Web Key Set: ${text}`, error);
  }
}

/** Keys from a URL. */
class RemoteKeys {
  readonly #jose: Jose;
  readonly #worker: FilterWorker;
  readonly #clock: Clock;
  readonly #set: ReturnType<Jose["createRemoteJWKSet"]>;
  #refreshAtMs = 0;
  /** Until then no fetch is tried after one that failed. */
  #failedUntilMs = 0;

  constructor(jose: Jose, url: URL, worker: FilterWorker, clock: Clock) {
    this.#jose = jose;
    this.#worker = worker;
    this.#clock = clock;
    this.#set = jose.createRemoteJWKSet(url, {
      timeoutDuration: FETCH_TIMEOUT_MS,
      cooldownDuration: COOL_DOWN_MS,
      cacheMaxAge: MAXIMUM_AGE_MS,
      [jose.customFetch]: (href, init) => this.#fetch(href, init),
    });
  }

  /** As jose wants it. Throws a {@linkcode KeysUnavailableError}. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    if (this.#clock() >= this.#refreshAtMs) await this.refresh();
    return await this.#set(header, token);
  };

  /** Fetch them. If that fails, those of before are used. One request waits for it, others go on. */
  async refresh(): Promise<void> {
    this.#refreshAtMs = this.#clock() + COOL_DOWN_MS;
    try {
      await this.#set.reload();
      this.#refreshAtMs = this.#clock() + REFRESH_MS;
    } catch {
      // The fetch has said it.
    }
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    if (this.#clock() < this.#failedUntilMs) throw new KeysUnavailableError("the last try has failed just now");
    try {
      const response = await fetch(url, init);
      const body = await readBounded(response);
      if (response.status !== 200) throw new TypeError(`the status is ${response.status}`);
      // Throws where it is none, before the library would ask for it again at once.
      this.#jose.createLocalJWKSet(JSON.parse(body));
      return new Response(body);
    } catch (error) {
      this.#failedUntilMs = this.#clock() + COOL_DOWN_MS;
      const failure = new KeysUnavailableError(error);
      this.#worker.log("warning", `${failure.message} (${url})`);
      throw failure;
    }
  }
}

async function readBounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > MAXIMUM_SET_BYTES) throw new RangeError(`the answer has more than ${MAXIMUM_SET_BYTES} bytes`);
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}
