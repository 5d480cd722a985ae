/**
 * Which options of the filter for tokens are safe together.
 *
 * @module
 */
import { isToken } from "../../../../http/characters.ts";
import { isOwnField } from "../../own_fields.ts";
import type { JwtOptions } from "./options.ts";
import { checkInteger, optionsError } from "./options_error.ts";

/** Algorithms with a secret, and how many bytes it has at least (RFC 7518 section 3.2). */
const SECRET_BYTES: ReadonlyMap<string, number> = new Map([
  ["HS256", 32],
  ["HS384", 48],
  ["HS512", 64],
]);

/** Algorithms with a public key (RFC 7518 section 3.1, RFC 8037, RFC 9864). */
const PUBLIC_KEY_ALGORITHMS: ReadonlySet<string> = new Set([
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
]);

/** Throws ERR_FILTER_OPTIONS for the first thing that is wrong. */
export function checkJwtOptions(options: JwtOptions): void {
  checkKeys(options);
  if (options.header === "" && options.cookie === "") throw optionsError("jwt", "give a header or a cookie, or both");
  if (options.header !== "" && !isToken(options.header)) {
    throw optionsError("jwt", `header must be the name of a field, not "${options.header}"`);
  }
  if (options.cookie !== "" && !isToken(options.cookie)) {
    throw optionsError("jwt", `cookie must be the name of a cookie, not "${options.cookie}"`);
  }
  checkInteger("jwt", "clock_tolerance_s", options.clockToleranceS, 0, 3600);
  checkClaimFields(options);
}

function checkKeys({ secret, jwksUrl, jwksFile, algorithms }: JwtOptions): void {
  if ([secret, jwksUrl, jwksFile].filter((text) => text !== "").length !== 1) {
    throw optionsError("jwt", "give exactly one of secret, jwks_url and jwks_file");
  }
  if (algorithms.length === 0) throw optionsError("jwt", "algorithms is empty: name those that tokens are signed with");
  const allowed = new Set(secret === "" ? PUBLIC_KEY_ALGORITHMS : SECRET_BYTES.keys());
  const bad = algorithms.find((name) => !allowed.has(name));
  if (bad !== undefined) {
    const keys = secret === "" ? "public keys" : "a secret";
    throw optionsError("jwt", `algorithms has "${bad}"; allowed with ${keys}: ${[...allowed].join(", ")}`);
  }
  const bytes = new TextEncoder().encode(secret).length;
  const needed = Math.max(0, ...algorithms.map((name) => SECRET_BYTES.get(name) ?? 0));
  if (bytes < needed) throw optionsError("jwt", `secret has ${bytes} bytes, and must have ${needed} or more`);
  if (jwksUrl !== "" && !/^https?:$/.test(URL.parse(jwksUrl)?.protocol ?? "")) {
    throw optionsError("jwt", `jwks_url must be an http: or https: URL, not "${jwksUrl}"`);
  }
}

function checkClaimFields({ claimsToHeaders, header }: JwtOptions): void {
  const seen = new Set([header.toLowerCase(), "authorization", "cookie"]);
  for (const [claim, field] of Object.entries(claimsToHeaders)) {
    const name = field.toLowerCase();
    if (!isToken(field)) throw optionsError("jwt", `claims_to_headers: "${field}" is not the name of a field`);
    if (isOwnField(name)) throw optionsError("jwt", `claims_to_headers: the proxy answers for ${field}`);
    if (seen.has(name)) throw optionsError("jwt", `claims_to_headers: ${field} is taken, and can't get "${claim}"`);
    seen.add(name);
  }
}
