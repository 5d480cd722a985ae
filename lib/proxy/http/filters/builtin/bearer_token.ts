/**
 * Where a request has its token: in a field (RFC 6750 section 2.1), or in a cookie (RFC 6265 section 5.4).
 *
 * @module
 */
import type { FilterFields } from "../filter.ts";
import type { JwtOptions } from "./options.ts";

/** What was found. `unclear`: several tokens, or something else than a token behind `Bearer`. */
export type FoundToken =
  | { readonly type: "token"; readonly token: string }
  | { readonly type: "none" }
  | { readonly type: "unclear" };

const NONE: FoundToken = { type: "none" };
const UNCLEAR: FoundToken = { type: "unclear" };

/** Find the token. The cookie counts if the field has none. */
export function findToken(fields: FilterFields, { header, cookie }: Pick<JwtOptions, "header" | "cookie">): FoundToken {
  const inField = header === "" ? NONE : tokenInField(fields.getAll(header), header.toLowerCase() === "authorization");
  if (inField.type !== "none" || cookie === "") return inField;
  return tokenInCookie(fields.getAll("cookie"), cookie);
}

function tokenInField(values: readonly string[], isAuthorization: boolean): FoundToken {
  if (values.length > 1) return UNCLEAR;
  const value = values[0]?.trim() ?? "";
  const scheme = /^bearer(?: +|$)/i.exec(value)?.[0];
  // Another scheme is for somebody else; other fields may have the token alone.
  if (scheme === undefined && isAuthorization) return NONE;
  return value === "" ? NONE : checkToken(value.slice(scheme?.length ?? 0));
}

function tokenInCookie(values: readonly string[], name: string): FoundToken {
  const found = values
    .flatMap((value) => value.split(";"))
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  // Another site of the domain may have set the other one.
  if (found.length > 1) return UNCLEAR;
  const [value = ""] = found;
  return value === "" ? NONE : checkToken(value);
}

/** The characters of RFC 6750 section 2.1. */
function checkToken(token: string): FoundToken {
  return /^[A-Za-z0-9._~+/-]+=*$/.test(token) ? { type: "token", token } : UNCLEAR;
}
