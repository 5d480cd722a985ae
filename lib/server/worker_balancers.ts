/**
 * Makes the balancers of a worker's clusters that are the user's own.
 *
 * @module
 */
import { RingwayError } from "../../ffi/errors.ts";
import { importModule } from "../../ffi/import_module.ts";
import type { Balancer, BalancerClass } from "../proxy/balancers/balancer.ts";
import type { CustomBalancer } from "../proxy/cluster_options.ts";
import type { ServerConfig } from "./server_config.ts";

/** The worker that they are for. */
export interface BalancerWorker {
  /** Its number, from 0. */
  readonly worker: number;
  /** How many there are. */
  readonly workers: number;
}

/** The balancer of each cluster, `null` for a built-in one. Rejects with a RingwayError, `ERR_BALANCER`. */
export function createBalancers(config: ServerConfig, worker: BalancerWorker): Promise<(Balancer | null)[]> {
  return Promise.all(
    config.clusters.map(({ name, options: { balancer } }) => {
      return typeof balancer === "string" ? null : createOne(name, balancer, worker);
    }),
  );
}

async function createOne(cluster: string, named: CustomBalancer, worker: BalancerWorker): Promise<Balancer> {
  const BalancerOfModule = await importClass(cluster, named.module);
  let balancer: Balancer;
  try {
    balancer = new BalancerOfModule({ ...worker, cluster, options: structuredClone(named.options) });
  } catch (error) {
    throw balancerError(cluster, named.module, `can't be made: ${describe(error)}`, error);
  }
  if (typeof balancer.pick === "function") return balancer;
  throw balancerError(cluster, named.module, "has no function pick");
}

async function importClass(cluster: string, url: string): Promise<BalancerClass> {
  let module: { readonly default?: unknown };
  try {
    module = await importModule(url);
  } catch (error) {
    throw balancerError(cluster, url, `can't be imported: ${describe(error)}`, error);
  }
  if (typeof module.default === "function") return module.default as BalancerClass;
  const found = module.default === undefined ? "has no default export" : "has a default export that is no class";
  throw balancerError(cluster, url, `${found}: write "export default class MyBalancer implements Balancer { ... }"`);
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function balancerError(cluster: string, url: string, what: string, cause?: unknown): RingwayError {
  const message = `The balancer of cluster "${cluster}", ${url}, ${what}`;
  return new RingwayError(message, { code: "ERR_BALANCER", source: "internal", operation: "make a balancer", cause });
}
