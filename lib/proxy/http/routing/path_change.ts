/**
 * Puts another path in the place of a request's.
 *
 * @module
 */
import { IS_TARGET, QUESTION, SLASH } from "../../../http/characters.ts";
import { ascii } from "../bytes.ts";
import { expectNoProblem } from "./config_error.ts";
import { hasDotSegments } from "./dot_segments.ts";
import { checkPath, type PathView } from "./path.ts";
import { segmentPrefix } from "./path_matcher.ts";
import { checkPattern, replacedPattern } from "./patterns.ts";
import type { RouteMatch } from "./route_options.ts";

/** Why a target can't be made: the configuration does not go with the request. The caller answers 500. */
export class RewriteError {
  /** One sentence without the client's bytes, safe for logs. */
  readonly message: string;

  /** @internal */
  constructor(message: string) {
    this.message = message;
  }
}

const NO_SLASH: RewriteError = new RewriteError("The rewritten path does not begin with a slash");
const BAD_CHARACTER: RewriteError = new RewriteError("The rewritten path has a character that must be percent-encoded");
const DOT_SEGMENTS: RewriteError = new RewriteError('The rewritten path has a segment "." or ".."');

/** What a `Rewrite` and a `Redirect` may say about the path: one of these at most. */
export interface PathChangeOptions {
  readonly prefix?: string;
  readonly path?: string;
  readonly regex?: { readonly pattern: string; readonly replacement: string };
}

/** What is wrong with a path's change on a route with that match, or null. */
export function checkPathChange(change: PathChangeOptions, match: RouteMatch): string | null {
  const given = [change.prefix, change.path, change.regex].filter((value) => value !== undefined);
  if (given.length > 1) return "Give one of prefix, path and regex at most";
  if (change.path !== undefined) return checkPath(change.path);
  if (change.regex !== undefined) return checkPattern(change.regex.pattern);
  if (change.prefix === undefined) return null;
  if (match.prefix === undefined) return "A prefix can be replaced only where the route's match has one";
  // Nothing in the place of the prefix is the same as a slash.
  return change.prefix === "" ? null : checkPath(change.prefix);
}

/** A change of the path, compiled. */
export class PathChange {
  readonly #whole: Uint8Array | null;
  readonly #prefix: Uint8Array;
  /** Bytes of the prefix that is replaced. */
  readonly #replacedBytes: number;
  readonly #pattern: RegExp | null;
  readonly #replacement: string;

  private constructor(change: PathChangeOptions, match: RouteMatch) {
    this.#whole = change.path === undefined ? null : ascii(change.path);
    this.#prefix = ascii((change.prefix ?? "").replace(/\/$/, ""));
    this.#replacedBytes = change.prefix === undefined ? 0 : segmentPrefix(match.prefix ?? "").length;
    this.#pattern = change.regex === undefined ? null : replacedPattern(change.regex.pattern);
    this.#replacement = change.regex?.replacement ?? "";
  }

  /** Null: the path stays. Throws `ERR_CONFIG` for a change that is not valid; `where` says which. */
  static from(change: PathChangeOptions, match: RouteMatch, where: string): PathChange | null {
    expectNoProblem(where, checkPathChange(change, match));
    const isGiven = change.prefix !== undefined || change.path !== undefined || change.regex !== undefined;
    return isGiven ? new PathChange(change, match) : null;
  }

  /** Does the result depend on the request's path? */
  get looksAtPath(): boolean {
    return this.#whole === null;
  }

  /** The new path, not to be written to. It may have a query, if the replacement of a pattern does. */
  apply(path: PathView): Uint8Array | RewriteError {
    if (this.#whole !== null) return this.#whole;
    return this.#pattern === null ? this.#replacePrefix(path) : this.#replacePattern(path, this.#pattern);
  }

  /** As ReplacePrefixMatch of the Gateway API: slashes at the end of both prefixes mean nothing. */
  #replacePrefix({ memory, start, end }: PathView): Uint8Array {
    const rest = memory.subarray(start + this.#replacedBytes, end);
    return this.#prefix.length + rest.length === 0 ? Uint8Array.of(SLASH) : joined(this.#prefix, rest);
  }

  #replacePattern(path: PathView, pattern: RegExp): Uint8Array | RewriteError {
    const bytes = ascii(path.text().replace(pattern, this.#replacement));
    if (bytes[0] !== SLASH) return NO_SLASH;
    for (const byte of bytes) if (IS_TARGET[byte] !== 1) return BAD_CHARACTER;
    const query = bytes.indexOf(QUESTION);
    return hasDotSegments(bytes, 0, query < 0 ? bytes.length : query) ? DOT_SEGMENTS : bytes;
  }
}

/** A path, which may have a query already, and the request's query, from its `?` on or empty. */
export function withQuery(path: Uint8Array, query: Uint8Array): Uint8Array {
  if (query.length === 0) return path;
  const target = joined(path, query);
  if (path.includes(QUESTION)) target[path.length] = 0x26;
  return target;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
