/**
 * Asks for a JSON Web Token (RFC 7519) as a bearer token (RFC 6750).
 *
 * @module
 */
import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from "jose";
import type { FilterReply, FilterWorker, HttpExchange, HttpFilter } from "../filter.ts";
import { findToken } from "./bearer_token.ts";
import { ClaimFields } from "./claim_fields.ts";
import { type Jose, KeysUnavailableError, loadKeys } from "./jwt_keys.ts";
import { checkJwtOptions } from "./jwt_options.ts";
import type { JwtOptions } from "./options.ts";
import { textReply } from "./text_reply.ts";

/** Where other filters find the claims of the token, in {@linkcode HttpExchange.state}. */
export const JWT_CLAIMS = "jwt.claims";

/** Time, which tests have in their hands. */
export interface JwtClocks {
  /** Milliseconds since 1970. */
  readonly wall: () => number;
  /** Milliseconds since whenever, never less than before. */
  readonly monotonic: () => number;
}

const REAL_CLOCKS: JwtClocks = { wall: Date.now, monotonic: () => performance.now() };

/** How many keys without a name a token is tried with. */
const MAXIMUM_TRIES = 16;

/**
 * Answers 401 to requests without a valid token, 400 where it is unclear which one is meant, 503 while its keys can't
 * be fetched. Throws ERR_FILTER_OPTIONS; so does `onStart`, for a file of keys that can't be used.
 */
export function jwt(options: JwtOptions, clocks: JwtClocks = REAL_CLOCKS): HttpFilter {
  return new JwtFilter(options, clocks);
}

/** What a token is checked with. */
interface Verifier {
  readonly jose: Jose;
  readonly keys: Uint8Array | JWTVerifyGetKey;
  readonly worker: FilterWorker;
}

class JwtFilter implements HttpFilter {
  readonly name: string = "jwt";
  readonly #options: JwtOptions;
  readonly #clocks: JwtClocks;
  readonly #claimFields: ClaimFields;
  #verifier: Verifier | null = null;

  constructor(options: JwtOptions, clocks: JwtClocks) {
    checkJwtOptions(options);
    this.#options = options;
    this.#clocks = clocks;
    this.#claimFields = new ClaimFields(options.claimsToHeaders);
  }

  async onStart(worker: FilterWorker): Promise<void> {
    const jose = await import("jose");
    const keys = await loadKeys(jose, this.#options, worker, this.#clocks.monotonic);
    this.#verifier = { jose, keys, worker };
  }

  onRequestHead(exchange: HttpExchange): FilterReply | undefined | Promise<FilterReply | undefined> {
    const { fields } = exchange.request;
    // Also where no token is needed: the endpoint trusts them.
    const found = findToken(fields, this.#options);
    this.#claimFields.remove(fields);
    if (found.type === "unclear") return refuse(exchange, 400, "invalid_request", "It is not clear which token counts");
    if (found.type === "token") return this.#check(exchange, found.token);
    // Without an error's name, as RFC 6750 section 3.1 wants it.
    return this.#options.isOptional ? undefined : refuse(exchange, 401, null, "A token is needed");
  }

  async #check(exchange: HttpExchange, token: string): Promise<FilterReply | undefined> {
    if (this.#verifier === null) return refuse(exchange, 401, "invalid_token", "The token can't be checked yet");
    const { jose, worker } = this.#verifier;
    let claims: JWTPayload;
    try {
      claims = await this.#verify(this.#verifier, token);
    } catch (error) {
      if (error instanceof KeysUnavailableError) {
        return textReply(exchange, 503, "Tokens can't be checked at the moment", { "Retry-After": "30" });
      }
      worker.log("debug", `Request ${exchange.requestId} has a token that is not valid: ${error}`);
      const isLate = error instanceof jose.errors.JWTExpired;
      return refuse(exchange, 401, "invalid_token", isLate ? "The token has expired" : "The token is not valid");
    }
    const values = this.#claimFields.valuesOf(claims);
    if (values === null) return refuse(exchange, 401, "invalid_token", "A claim of the token can't be used");
    for (const [name, value] of values) exchange.request.fields.set(name, value);
    exchange.state.set(JWT_CLAIMS, claims);
    return undefined;
  }

  async #verify({ jose, keys }: Verifier, token: string): Promise<JWTPayload> {
    const { algorithms, issuer, audience, clockToleranceS } = this.#options;
    const options: JWTVerifyOptions = {
      algorithms: [...algorithms],
      clockTolerance: clockToleranceS,
      currentDate: new Date(this.#clocks.wall()),
      ...(issuer !== "" && { issuer }),
      ...(audience.length > 0 && { audience: [...audience] }),
    };
    if (keys instanceof Uint8Array) return (await jose.jwtVerify(token, keys, options)).payload;
    try {
      return (await jose.jwtVerify(token, keys, options)).payload;
    } catch (error) {
      // The token does not say which key it is.
      if (error instanceof jose.errors.JWKSMultipleMatchingKeys) return await tryKeys(jose, error, token, options);
      throw error;
    }
  }
}

async function tryKeys(
  jose: Jose,
  candidates: InstanceType<Jose["errors"]["JWKSMultipleMatchingKeys"]>,
  token: string,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  let tries = 0;
  for await (const key of candidates) {
    try {
      return (await jose.jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof jose.errors.JWSSignatureVerificationFailed) || ++tries === MAXIMUM_TRIES) throw error;
    }
  }
  throw new jose.errors.JWSSignatureVerificationFailed();
}

/** A response of RFC 6750 section 3. The texts are fixed: nothing of the token goes into it. */
function refuse(exchange: HttpExchange, status: 400 | 401, error: string | null, text: string): FilterReply {
  const parameters = error === null ? "" : `, error="${error}", error_description="${text}"`;
  return textReply(exchange, status, text, { "WWW-Authenticate": `Bearer realm="ringway"${parameters}` });
}
