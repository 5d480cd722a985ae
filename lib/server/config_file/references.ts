/**
 * What the parts of a configuration file say about each other. The schema knows each part for itself.
 *
 * This also looks at files that the schema refuses, so that all problems are found at once: what is not as it
 * should be is left to the schema.
 *
 * @module
 */

import { formatTarget, parseTarget } from "../../net/target.ts";
import { defaultOverloadOptions } from "../../proxy/overload.ts";
import { checkCluster } from "./cluster_rules.ts";
import { HTTP_CLUSTER_KEYS } from "./cluster_schema.ts";
import { type ClusterUse, clusterUses } from "./cluster_uses.ts";
import { checkFilter } from "./filter_rules.ts";
import { HTTP_LISTENER_KEYS } from "./listener_schema.ts";
import type { ConfigPath, Problem } from "./problem.ts";
import { checkDomains, checkReached, checkRoute } from "./route_rules.ts";
import { Section } from "./section.ts";
import { suggestion } from "./suggestion.ts";

/** All problems between the parts of a file. */
export function checkReferences(value: unknown): Problem[] {
  const file = Section.of([], value);
  if (file === null) return [];
  const listeners = file.sections("listeners");
  const clusters = file.sections("clusters");
  const uses = listeners.flatMap(clusterUses);
  return [
    ...checkNames(clusters),
    ...checkClusterReferences(uses, clusters),
    ...checkUse(uses, clusters),
    ...checkAddresses(listeners),
    ...listeners.flatMap(checkListener),
    ...clusters.flatMap(checkCluster),
    ...checkAliases(file),
    ...checkOverload(file.section("overload")),
  ];
}

function checkNames(clusters: readonly Section[]): Problem[] {
  const seen = new Set<string>();
  return clusters.flatMap((cluster) => {
    const name = cluster.text("name");
    if (name === null) return [];
    if (seen.has(name)) return [cluster.valueProblem("name", `"${name}" is the name of another cluster already`)];
    seen.add(name);
    return [];
  });
}

function namesOf(clusters: readonly Section[]): Set<string> {
  return new Set(clusters.flatMap((cluster) => cluster.text("name") ?? []));
}

function checkClusterReferences(uses: readonly ClusterUse[], clusters: readonly Section[]): Problem[] {
  const names = [...namesOf(clusters)];
  return uses.flatMap(({ name, path }) => {
    if (names.includes(name)) return [];
    const meant = suggestion(name, names);
    const known = names.length === 0 ? "there are none" : `clusters: ${names.join(", ")}`;
    return [{ path, message: `no cluster is named "${name}"; ${meant === null ? known : `did you mean "${meant}"?`}` }];
  });
}

const HASHING: readonly unknown[] = ["ring_hash", "maglev"];

/** One of the user's own may look at hashes, too. */
function mayHash(balancer: unknown): boolean {
  return HASHING.includes(balancer) || (typeof balancer === "object" && balancer !== null);
}

/** Nothing is written in vain. */
function checkUse(uses: readonly ClusterUse[], clusters: readonly Section[]): Problem[] {
  const names = namesOf(clusters);
  // A cluster that seems unused may be the one that is meant by a wrong name.
  const isClear = uses.every(({ name }) => names.has(name));
  const ofCluster = clusters.flatMap((cluster): Problem[] => {
    const name = cluster.text("name");
    if (name === null || !isClear) return [];
    const own = uses.filter((use) => use.name === name);
    if (own.length === 0) {
      return [cluster.valueProblem("name", `nothing goes to "${name}": no listener and no route names it`)];
    }
    const isTcp = own.every(({ protocol }) => protocol === "tcp");
    const isHashed = own.some(({ protocol, route }) => protocol === "tcp" || isHashing(route));
    const wrong = HASHING.includes(cluster.get("balancer")) && !isHashed;
    const message = 'no route to this cluster says what to hash, such as "hash: [{ source: true }]"';
    return [
      ...(isTcp
        ? cluster.inVain(HTTP_CLUSTER_KEYS, "only HTTP has a use for it, and only TCP goes to this cluster")
        : []),
      ...(wrong ? [cluster.valueProblem("balancer", message)] : []),
    ];
  });
  return [...ofCluster, ...checkHashes(uses, clusters)];
}

function isHashing(route: Section | null): route is Section {
  return route !== null && route.list("hash").length > 0;
}

function checkHashes(uses: readonly ClusterUse[], clusters: readonly Section[]): Problem[] {
  const routes = new Set(uses.flatMap(({ route }) => (isHashing(route) ? [route] : [])));
  const others = namesOf(clusters.filter((cluster) => !mayHash(cluster.get("balancer"))));
  return [...routes].flatMap((route) => {
    const own = uses.filter((use) => use.route === route);
    if (!own.every(({ name }) => others.has(name))) return [];
    return [route.keyProblem("hash", "no cluster of this route has the balancer ring_hash or maglev")];
  });
}

function checkAddresses(listeners: readonly Section[]): Problem[] {
  const seen = new Set<string>();
  const addresses = listeners.flatMap((listener): { readonly text: string; readonly path: ConfigPath }[] => {
    const text = listener.text("listen");
    return text === null ? listener.texts("listen") : [{ text, path: [...listener.path, "listen"] }];
  });
  return addresses.flatMap(({ text, path }) => {
    const canonical = canonicalAddress(text);
    if (canonical === null) return [];
    if (seen.has(canonical)) return [{ path, message: `"${text}" is listened on already` }];
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

function checkListener(listener: Section): Problem[] {
  return [...checkListening(listener), ...checkProtocol(listener)];
}

/** A unix socket is a file, and only one process can have it. */
function checkListening(listener: Section): Problem[] {
  if (listener.get("reuse_port") !== true) return [];
  const single = listener.text("listen");
  const all = single === null ? listener.texts("listen").map(({ text }) => text) : [single];
  const isUnix = all.length > 0 && all.every((text) => text.startsWith("unix:"));
  return isUnix ? listener.inVain(["reuse_port"], "processes can't share a unix socket") : [];
}

function checkProtocol(listener: Section): Problem[] {
  const protocol = listener.get("protocol") ?? "http";
  if (protocol === "tcp") {
    const missing = listener.has("cluster")
      ? []
      : [listener.valueProblem("cluster", "missing; TCP goes to one cluster")];
    return [...missing, ...listener.inVain(HTTP_LISTENER_KEYS, "the protocol of this listener is tcp")];
  }
  if (protocol !== "http") return [];
  const hosts = listener.sections("virtual_hosts");
  const lists = [listener, ...hosts].map((section) => section.sections("routes"));
  return [
    ...listener.exactlyOne(["cluster", "routes", "virtual_hosts"]),
    ...listener.inVain(["tcp"], "the protocol of this listener is http"),
    ...checkDomains(hosts),
    ...lists.flatMap((routes) => [...routes.flatMap(checkRoute), ...checkReached(routes)]),
    ...listener.sections("filters").flatMap(checkFilter),
  ];
}

function checkAliases(file: Section): Problem[] {
  const [name, other] = ["use_submission_queue_polling", "enable_submission_queue_polling"] as const;
  const section = file.section("io_uring");
  if (section === null || !section.has(name)) return [];
  return section.inVain([other], `another name of "${name}", which is there too`);
}

const { pauseDelayMs, refuseDelayMs } = defaultOverloadOptions;

/** Requests are not refused before accepting connections was given up. */
function checkOverload(overload: Section | null): Problem[] {
  if (overload === null) return [];
  return [
    ...checkOrder(overload, ["pause_delay_ms", pauseDelayMs], ["refuse_delay_ms", refuseDelayMs]),
    ...checkOrder(overload, ["pause_memory_bytes", 0], ["refuse_memory_bytes", 0]),
  ];
}

type InitialNumber = readonly [key: string, initial: number];

/** The first is not more than the second, where both are set. */
function checkOrder(section: Section, [first, low]: InitialNumber, [second, high]: InitialNumber): Problem[] {
  const [one, other] = [section.number(first, low), section.number(second, high)];
  if (one === null || other === null || other === 0 || one <= other) return [];
  const key = section.has(first) ? first : second;
  return [section.valueProblem(key, `${first}, ${one}, is more than ${second}, ${other}`)];
}
