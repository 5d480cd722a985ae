/**
 * What the parts of a configuration file say about each other. The schema knows each part for itself.
 *
 * This also looks at files that the schema refuses, so that all problems are found at once: what is not as it
 * should be is left to the schema.
 *
 * @module
 */
import { formatTarget, parseTarget } from "../target.ts";
import type { ConfigPath, Problem } from "./problem.ts";
import { HTTP_CLUSTER_KEYS } from "./schema.ts";
import { valueAt } from "./schema_problems.ts";
import { suggestion } from "./suggestion.ts";

interface Named {
  readonly name: string;
  readonly path: ConfigPath;
}

/** All problems between the parts of a file. */
export function checkReferences(file: unknown): Problem[] {
  const listeners = mappings(file, "listeners");
  const clusters = mappings(file, "clusters");
  return [
    ...checkNames(clusters),
    ...checkClusterReferences(listeners, clusters),
    ...checkUse(listeners, clusters),
    ...checkAddresses(listeners),
    ...checkSections(listeners),
    ...checkAliases(file),
  ];
}

interface Mapping {
  readonly path: ConfigPath;
  readonly value: object;
}

function mappings(file: unknown, key: string): Mapping[] {
  const list = valueAt(file, [key]);
  if (!Array.isArray(list)) return [];
  return list.flatMap((value: unknown, index) =>
    typeof value === "object" && value !== null && !Array.isArray(value) ? [{ path: [key, index], value }] : [],
  );
}

function texts(mappings: readonly Mapping[], key: string): Named[] {
  return mappings.flatMap(({ path, value }) => {
    const name = valueAt(value, [key]);
    return typeof name === "string" ? [{ name, path: [...path, key] }] : [];
  });
}

function checkNames(clusters: readonly Mapping[]): Problem[] {
  const seen = new Set<string>();
  return texts(clusters, "name").flatMap(({ name, path }) => {
    if (seen.has(name)) return [{ path, message: `"${name}" is the name of another cluster already` }];
    seen.add(name);
    return [];
  });
}

function checkClusterReferences(listeners: readonly Mapping[], clusters: readonly Mapping[]): Problem[] {
  const names = [...new Set(texts(clusters, "name").map(({ name }) => name))];
  return texts(listeners, "cluster").flatMap(({ name, path }) => {
    if (names.includes(name)) return [];
    const meant = suggestion(name, names);
    const known = names.length === 0 ? "there are none" : `clusters: ${names.join(", ")}`;
    return [{ path, message: `no cluster is named "${name}"; ${meant === null ? known : `did you mean "${meant}"?`}` }];
  });
}

/** Nothing is written in vain. */
function checkUse(listeners: readonly Mapping[], clusters: readonly Mapping[]): Problem[] {
  const names = new Set(texts(clusters, "name").map(({ name }) => name));
  // A cluster that seems unused may be the one that is meant by a wrong name.
  const isClear = listeners.every(({ value }) => names.has(String(valueAt(value, ["cluster"]))));
  return clusters.flatMap((cluster): Problem[] => {
    const name = valueAt(cluster.value, ["name"]);
    if (typeof name !== "string" || !isClear) return [];
    const users = listeners.filter(({ value }) => valueAt(value, ["cluster"]) === name);
    if (users.length === 0) {
      return [{ path: [...cluster.path, "name"], message: `no listener has "${name}" as its cluster` }];
    }
    if (users.some(({ value }) => protocolOf(value) === "http")) return [];
    return HTTP_CLUSTER_KEYS.filter((key) => Object.hasOwn(cluster.value, key)).map((key) => ({
      path: [...cluster.path, key],
      isKey: true,
      message: "only HTTP has a use for it, and no listener of this cluster has the protocol http",
    }));
  });
}

function protocolOf(listener: object): unknown {
  return valueAt(listener, ["protocol"]) ?? "http";
}

function checkAddresses(listeners: readonly Mapping[]): Problem[] {
  const seen = new Set<string>();
  const addresses = listeners.flatMap(({ path, value }): Named[] => {
    const listen = valueAt(value, ["listen"]);
    if (!Array.isArray(listen)) return texts([{ path, value }], "listen");
    return listen.flatMap((name: unknown, index) =>
      typeof name === "string" ? [{ name, path: [...path, "listen", index] }] : [],
    );
  });
  return addresses.flatMap(({ name, path }) => {
    const canonical = canonicalAddress(name);
    if (canonical === null) return [];
    if (seen.has(canonical)) return [{ path, message: `"${name}" is listened on already` }];
    seen.add(canonical);
    return [];
  });
}

/** `null` for what is no address, which the schema says, and for a port that the kernel chooses. */
function canonicalAddress(text: string): string | null {
  try {
    const target = parseTarget(text);
    return target.family === "name" && target.port === 0 ? null : formatTarget(target);
  } catch {
    return null;
  }
}

function checkSections(listeners: readonly Mapping[]): Problem[] {
  return listeners.flatMap(({ path, value }) => {
    const protocol = protocolOf(value);
    return ["http", "tcp"]
      .filter((key) => (protocol === "http" || protocol === "tcp") && key !== protocol && Object.hasOwn(value, key))
      .map((key) => ({ path: [...path, key], isKey: true, message: `the protocol of this listener is ${protocol}` }));
  });
}

function checkAliases(file: unknown): Problem[] {
  const [name, other] = ["use_submission_queue_polling", "enable_submission_queue_polling"];
  const section = valueAt(file, ["io_uring"]);
  if (valueAt(section, [name]) === undefined || valueAt(section, [other]) === undefined) return [];
  return [{ path: ["io_uring", other], isKey: true, message: `another name of "${name}", which is there too` }];
}
