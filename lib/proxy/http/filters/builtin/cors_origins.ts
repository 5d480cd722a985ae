/**
 * Which origins are allowed. An origin is compared as browsers write it (RFC 6454 section 6.2).
 *
 * @module
 */

/** `https://*.example.com`: what is before the star, and what is behind it. */
interface Wildcard {
  readonly scheme: string;
  readonly suffix: string;
}

/** What is wrong with an entry of a list of origins, or `null`. */
export function checkOrigin(entry: string): string | null {
  if (entry === "*" || entry === "null") return null;
  const parts = /^([a-z][a-z0-9+.-]*):\/\/(?:(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:\d{1,5})?$/.exec(
    entry,
  );
  if (parts === null) {
    return `"${entry}" is not an origin: write scheme://host or scheme://host:port in small letters, without a path`;
  }
  const [, scheme, port] = parts;
  if ((scheme === "https" && port === ":443") || (scheme === "http" && port === ":80")) {
    return `"${entry}" never matches: browsers leave out the port ${port.slice(1)}`;
  }
  return null;
}

/** A list of origins. */
export class CorsOrigins {
  /** All of them? */
  readonly isAny: boolean;
  readonly #exact: ReadonlySet<string>;
  readonly #wildcards: readonly Wildcard[];

  /** Make it of entries that {@linkcode checkOrigin} has nothing to say about. */
  constructor(entries: readonly string[]) {
    this.isAny = entries.includes("*");
    this.#exact = new Set(entries.filter((entry) => !entry.includes("*")));
    this.#wildcards = entries
      .filter((entry) => entry.includes("://*."))
      .map((entry) => {
        const star = entry.indexOf("*");
        return { scheme: entry.slice(0, star), suffix: entry.slice(star + 1) };
      });
  }

  /** Is it one of them? The star of a wildcard stands for one whole label or several. */
  has(origin: string): boolean {
    if (this.isAny || this.#exact.has(origin)) return true;
    return this.#wildcards.some(({ scheme, suffix }) => {
      if (!origin.startsWith(scheme) || !origin.endsWith(suffix)) return false;
      return /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(origin.slice(scheme.length, -suffix.length));
    });
  }
}
