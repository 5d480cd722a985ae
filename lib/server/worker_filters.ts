/**
 * Makes the filters of a worker's listeners.
 *
 * @module
 */
import { RingwayError } from "../../ffi/errors.ts";
import { importModule } from "../../ffi/import_module.ts";
import { FilterMatcher } from "../proxy/http/filter_matcher.ts";
import type { HttpFilter } from "../proxy/http/filters/filter.ts";
import { FilterChain, type FilterEntry } from "../proxy/http/filters/filter_chain.ts";
import type { FilterConfig, HttpListener, ServerConfig } from "./server_config.ts";

/** The value that a configuration in TypeScript exports, as far as filters are concerned. */
interface ConfigModule {
  readonly listeners?: readonly { readonly filters?: readonly { readonly filter?: HttpFilter }[] }[];
}

/** The filters of each listener, `null` for one that has none. The first one of all is given, if it is not `null`. */
export async function createFilterChains(
  config: ServerConfig,
  first: HttpFilter | null,
): Promise<(FilterChain | null)[]> {
  const module = config.module === null ? null : await importConfig(config.module);
  return await Promise.all(
    config.listeners.map(async (listener, index) => {
      if (listener.protocol !== "http") return null;
      const entries = await entriesOf(listener, module?.listeners?.[index]?.filters ?? []);
      if (first !== null) entries.unshift({ filter: first, matcher: null });
      return entries.length === 0 ? null : new FilterChain(entries);
    }),
  );
}

async function importConfig(url: string): Promise<ConfigModule> {
  const module = await importModule<{ readonly default?: ConfigModule }>(url);
  return module.default ?? {};
}

function entriesOf(
  { filters }: HttpListener,
  own: readonly { readonly filter?: HttpFilter }[],
): Promise<FilterEntry[]> {
  return Promise.all(
    filters.map(async (config, index) => ({
      filter: await filterOf(config, own[index]?.filter),
      matcher: config.match === null ? null : new FilterMatcher(config.match),
    })),
  );
}

async function filterOf({ filter }: FilterConfig, own: HttpFilter | undefined): Promise<HttpFilter> {
  if (filter.type === "custom") return ownFilter(filter.name, own);
  // Loaded only if there is one: most proxies start without.
  const { createFilter } = await import("../proxy/http/filters/builtin/create.ts");
  return createFilter(filter);
}

function ownFilter(name: string, own: HttpFilter | undefined): HttpFilter {
  if (own?.name === name) return own;
  const failure = { code: "ERR_CONFIG", source: "internal", operation: "start a worker" } as const;
  const found = own === undefined ? "there is none" : `it is "${own.name}"`;
  throw new RingwayError(
    `The filter "${name}" is not at its place in the configuration when a worker imports it: ${found}; ` +
      "a configuration has to be the same each time it is imported",
    failure,
  );
}
