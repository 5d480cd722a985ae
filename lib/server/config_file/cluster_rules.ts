/**
 * What the keys of a cluster say about each other.
 *
 * @module
 */
import { HTTP_CHECK_KEYS } from "./cluster_schema.ts";
import type { Problem } from "./problem.ts";
import type { Section } from "./section.ts";

/** All problems of a cluster. */
export function checkCluster(cluster: Section): Problem[] {
  const [outliers, check] = ["outlier_detection", "health_check"].map((key) => cluster.section(key));
  const isHashing = cluster.get("balancer") === "ring_hash" || cluster.get("balancer") === "maglev";
  return [
    ...(isHashing ? cluster.inVain(["slow_start_ms"], "a balancer that hashes gives no endpoint a growing share") : []),
    ...(outliers ? checkOutliers(outliers) : []),
    ...(check ? checkHealthCheck(check) : []),
  ];
}

const CONSECUTIVE: readonly (readonly [key: string, initial: number])[] = [
  ["consecutive_5xx", 5],
  ["consecutive_gateway_errors", 0],
  ["consecutive_connect_failures", 5],
];

function checkOutliers(outliers: Section): Problem[] {
  const problems: Problem[] = [];
  if (CONSECUTIVE.every(([key, initial]) => outliers.number(key, initial) === 0)) {
    problems.push(outliers.problem("leaves no endpoint out: one of the consecutive_* is more than 0"));
  }
  const [least, most] = [outliers.number("ejection_ms", 30_000), outliers.number("max_ejection_ms", 300_000)];
  if (least !== null && most !== null && least > most) {
    const key = outliers.has("ejection_ms") ? "ejection_ms" : "max_ejection_ms";
    problems.push(outliers.valueProblem(key, `ejection_ms, ${least}, is more than max_ejection_ms, ${most}`));
  }
  return problems;
}

function checkHealthCheck(check: Section): Problem[] {
  return check.get("type") === "tcp" ? check.inVain(HTTP_CHECK_KEYS, "a check of type tcp asks for nothing") : [];
}
