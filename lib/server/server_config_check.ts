/**
 * Checks a configuration that did not pass through the schema of files: a program that is not checked by a compiler
 * may have made it.
 *
 * @module
 */
import { RingwayError } from "../../ffi/errors.ts";
import type { ServerConfig } from "./server_config.ts";

const WORKERS_MAXIMUM = 250;

/** Throws a RingwayError, `ERR_CONFIG`, with all that is wrong. */
export function checkServerConfig(config: ServerConfig): void {
  const problems = [...checkWorkers(config.workers), ...checkNumbers("", config), ...checkAddresses(config)];
  if (problems.length === 0) return;
  const failure = { code: "ERR_CONFIG", source: "internal", operation: "read a configuration" } as const;
  throw new RingwayError(problems.join("\n"), failure);
}

function checkWorkers(workers: unknown): string[] {
  const isCount = Number.isInteger(workers) && Number(workers) >= 1 && Number(workers) <= WORKERS_MAXIMUM;
  return workers === "auto" || isCount
    ? []
    : [`workers: found ${String(workers)}; allowed: "auto" or a whole number from 1 to ${WORKERS_MAXIMUM}`];
}

/** No number of a configuration is negative, and none is without an end. */
function checkNumbers(path: string, value: unknown): string[] {
  if (typeof value === "number" && path !== "workers") {
    return Number.isFinite(value) && value >= 0 ? [] : [`${path}: found ${value}; allowed: a number from 0`];
  }
  // What is in the options of a balancer of one's own is its own business.
  if (typeof value !== "object" || value === null || path.endsWith(".balancer")) return [];
  return Object.entries(value).flatMap(([key, inner]) => checkNumbers(path === "" ? key : `${path}.${key}`, inner));
}

function checkAddresses({ listeners, clusters }: ServerConfig): string[] {
  if (!Array.isArray(listeners) || !Array.isArray(clusters)) return ["listeners and clusters: allowed: lists"];
  if (listeners.every(({ listen }) => listen?.length === 0))
    return ["listen: found none; allowed: at least one address"];
  const places: [path: string, targets: readonly unknown[]][] = [
    ...listeners.map(({ listen }, index): [string, readonly unknown[]] => [`listeners.${index}.listen`, listen]),
    ...clusters.map(({ endpoints }, index): [string, readonly unknown[]] => {
      return [
        `clusters.${index}.endpoints`,
        endpoints?.map((endpoint: { readonly target?: unknown }) => endpoint.target),
      ];
    }),
  ];
  return places.flatMap(([path, targets]) => {
    if (!Array.isArray(targets)) return [`${path}: allowed: a list of addresses`];
    return targets.flatMap((target: unknown, index) => {
      if (typeof target === "object" && target !== null && "family" in target) return [];
      return [`${path}.${index}: found ${JSON.stringify(target)}; allowed: what parseTarget or parseEndpoint gives`];
    });
  });
}
