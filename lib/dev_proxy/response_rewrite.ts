/**
 * What a target says about itself, as its clients have to see it: where redirects lead, and whose cookies are.
 *
 * @module
 */
import type { CookieRewrite, DevProxyOptions } from "./options.ts";

const URL_PARTS = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/is;

/**
 * The Location of a redirect to the target itself, as the options say; `requestHost` is what the client calls the
 * proxy. One to another host, and one that is only a path, stays as it is.
 */
export function rewriteLocation(
  location: string,
  targetHost: string,
  requestHost: string,
  options: Pick<DevProxyOptions, "hostRewrite" | "autoRewrite" | "protocolRewrite">,
): string {
  const [, scheme = "", , rest = ""] = URL_PARTS.exec(location) ?? [];
  if (URL.parse(location)?.host !== targetHost || scheme === "") return location;
  const automatic = options.autoRewrite === true && requestHost !== "" ? requestHost : targetHost;
  return `${options.protocolRewrite ?? scheme}://${options.hostRewrite ?? automatic}${rest}`;
}

/** A Set-Cookie value with another Domain or Path (RFC 6265 section 4.1). */
export function rewriteCookie(cookie: string, attribute: "domain" | "path", rewrite: CookieRewrite): string {
  if (rewrite === false) return cookie;
  const mapping = typeof rewrite === "string" ? { "*": rewrite } : rewrite;
  const parts = cookie.split(";").flatMap((part, index) => {
    const [name = "", ...value] = part.split("=");
    if (index === 0 || name.trim().toLowerCase() !== attribute) return [part];
    const old = value.join("=").trim();
    const key = Object.hasOwn(mapping, old) ? old : "*";
    if (!Object.hasOwn(mapping, key)) return [part];
    return mapping[key] === "" ? [] : [`${name}=${mapping[key]}`];
  });
  return parts.join(";");
}
