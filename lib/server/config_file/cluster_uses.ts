/**
 * Where a configuration file names clusters.
 *
 * @module
 */
import type { ConfigPath } from "./problem.ts";
import type { Section } from "./section.ts";

/** A place that names a cluster. */
export interface ClusterUse {
  readonly name: string;
  readonly path: ConfigPath;
  readonly protocol: "http" | "tcp";
  /** The route that it stands in; `null`: it is the listener's. */
  readonly route: Section | null;
}

/** The places in a listener. */
export function clusterUses(listener: Section): ClusterUse[] {
  if (listener.get("protocol") === "tcp") return named(listener, "tcp", null);
  const routes = [listener, ...listener.sections("virtual_hosts")].flatMap((section) => section.sections("routes"));
  return [...named(listener, "http", null), ...routes.flatMap(usesOfRoute)];
}

function usesOfRoute(route: Section): ClusterUse[] {
  const mirror = route.section("mirror");
  const sections = [route, ...route.sections("clusters"), ...(mirror === null ? [] : [mirror])];
  return sections.flatMap((section) => named(section, "http", route));
}

function named(section: Section, protocol: "http" | "tcp", route: Section | null): ClusterUse[] {
  const name = section.text("cluster");
  return name === null ? [] : [{ name, path: [...section.path, "cluster"], protocol, route }];
}
