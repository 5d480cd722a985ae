/**
 * Matching once more, on texts: slow, and made apart from the code that it is compared with.
 *
 * @module
 */
import type { NamedMatch, RouteMatch, TextMatch, VirtualHostOptions } from "./route_options.ts";

/** A request in parts. */
export interface NaiveRequest {
  readonly method: string;
  /** Null for `*`. */
  readonly path: string | null;
  /** Without its `?`. */
  readonly query: string;
  /** Without port. */
  readonly host: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** `virtual host/route`, or null. */
export function naiveRoute(hosts: readonly VirtualHostOptions[], request: NaiveRequest): string | null {
  const candidates = hosts.flatMap((host) => host.domains.map((domain) => ({ host, domain: domain.toLowerCase() })));
  const fitting = candidates.filter(({ domain }) => rank(domain, request.host.toLowerCase()) > 0);
  fitting.sort((one, other) => rank(other.domain, request.host) - rank(one.domain, request.host));
  const host = fitting[0]?.host;
  const route = host?.routes.find(({ match }) => naiveMatch(match, request));
  return host === undefined || route === undefined ? null : `${host.name}/${route.name}`;
}

/** How well a domain fits a host; 0: not. */
function rank(domain: string, host: string): number {
  const name = host.toLowerCase().replace(/(.)\.$/, "$1");
  if (domain === "*") return 1;
  const rest = domain.replace("*", "");
  if (domain.startsWith("*")) return name.endsWith(rest) && name !== rest ? 2000 + domain.length : 0;
  if (domain.endsWith("*")) return name.startsWith(rest) && name !== rest ? 1000 + domain.length : 0;
  return name === domain ? 10000 : 0;
}

/** Are all conditions true? */
export function naiveMatch(match: RouteMatch, request: NaiveRequest): boolean {
  const { method, path, query } = request;
  if (match.methods.length > 0 && !match.methods.includes(method)) return false;
  if (!naivePath(match, path)) return false;
  const parameters = new URLSearchParams(`?${query}`);
  const valuesOf = (name: string): string[] =>
    request.fields.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  return (
    match.headers.every((header) => naiveNamed(header, valuesOf(header.name))) &&
    match.query.every((parameter) => naiveNamed(parameter, parameters.getAll(parameter.name)))
  );
}

function naiveNamed(match: NamedMatch, values: readonly string[]): boolean {
  if (match.present !== undefined) return values.length > 0 === match.present;
  return values.some((value) => naiveText(match, value));
}

function naiveText({ exact, prefix, regex }: TextMatch, value: string): boolean {
  if (exact !== undefined) return value === exact;
  if (prefix !== undefined) return value.startsWith(prefix);
  return new RegExp(regex ?? "", "u").exec(value)?.[0] === value;
}

/** Percent-encoded letters and the like as they are. */
export function naiveDecoded(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, (code) => {
    const character = String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return /[-._~0-9A-Za-z]/.test(character) ? character : code;
  });
}

function naivePath({ path, prefix, regex }: RouteMatch, encoded: string | null): boolean {
  const isFree = path === undefined && regex === undefined && (prefix === undefined || prefix === "/");
  if (isFree) return true;
  if (encoded === null) return false;
  const text = naiveDecoded(encoded);
  if (path !== undefined && text !== path) return false;
  if (regex !== undefined && new RegExp(regex, "u").exec(text)?.[0] !== text) return false;
  if (prefix === undefined) return true;
  const segments = prefix.replace(/\/$/, "").split("/");
  return segments.every((segment, index) => text.split("/")[index] === segment);
}
