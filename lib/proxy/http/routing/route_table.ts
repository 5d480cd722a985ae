/**
 * Finds the route of a request: first the virtual host, by the request's host, then the first of its routes that
 * matches. All is compiled once; a request allocates nothing, unless a regular expression has to see its text.
 *
 * @module
 */
import { RingwayError } from "../../../../ffi/errors.ts";
import type { Head } from "../../../http/head.ts";
import { Domains } from "./domains.ts";
import { hasDotSegments } from "./dot_segments.ts";
import { PathView, pathEnd } from "./path.ts";
import { Route } from "./route.ts";
import type { RouteOptions, VirtualHostOptions } from "./route_options.ts";

/**
 * See the module.
 *
 * @example
 * ```ts
 * if (table.refuses(head, memory, base)) return reply(400);
 * const route = table.match(head, memory, base);
 * if (route === null) return reply(404);
 * ```
 */
export class RouteTable {
  /** All routes, in the order of the options. */
  readonly routes: readonly Route[];
  /** Does any route decide by the path, or make a new one of it? */
  readonly looksAtPath: boolean;
  readonly #domains: Domains<readonly Route[]> = new Domains();
  readonly #needsPath: boolean;
  /** The route of every request, if there is one. */
  readonly #always: Route | null;
  readonly #path: PathView = new PathView();

  /** Throws an error of code `ERR_CONFIG` that names the route and the key if something can't be compiled. */
  constructor(virtualHosts: readonly VirtualHostOptions[]) {
    const all: Route[] = [];
    for (const host of virtualHosts) {
      const routes = host.routes.map((options, index) => {
        const route = named(whereOf(host, options, index), () => new Route(options, host.name));
        all.push(route);
        return route;
      });
      for (const domain of host.domains) {
        named(`virtual host "${host.name}"`, () => this.#domains.add(domain, routes));
      }
    }
    this.routes = all;
    this.looksAtPath = all.some((route) => route.looksAtPath);
    this.#needsPath = all.some((route) => route.matcher.looksAtPath);
    const first = this.#domains.only?.[0];
    this.#always = first?.matcher.isForAll === true ? first : null;
  }

  /** The route of a request, or null if there is none. */
  match(head: Head, memory: Uint8Array, base: number): Route | null {
    if (this.#always !== null) return this.#always;
    const routes = this.#domains.find(head, memory, base);
    if (routes === null) return null;
    if (this.#needsPath) this.#path.read(head, memory, base);
    for (const route of routes) if (route.matcher.matches(head, memory, base, this.#path)) return route;
    return null;
  }

  /**
   * Could an endpoint read the request's path in another way than this table? Then the caller answers 400, before it
   * looks for a route. See dot_segments.ts for the reasons.
   */
  refuses(head: Head, memory: Uint8Array, base: number): boolean {
    return this.looksAtPath && hasDotSegments(memory, base + head.pathStart, base + pathEnd(head));
  }
}

function whereOf(host: VirtualHostOptions, { name }: RouteOptions, index: number): string {
  return `virtual host "${host.name}", route ${name === "" ? index + 1 : `"${name}"`}`;
}

/** Say in an error where it comes from. */
function named<Value>(where: string, make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof RingwayError)) throw error;
    const { code, source, operation } = error;
    throw new RingwayError(`${where}: ${error.message}`, { code, source, operation, cause: error });
  }
}
