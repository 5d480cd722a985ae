/**
 * Which of a service's SRV records are used, and with which weights (RFC 2782).
 *
 * @module
 */
import type { SrvRecord } from "./name_server.ts";

/** The largest weight of an endpoint. */
export const WEIGHT_MAXIMUM = 1000;

/**
 * The records with the lowest priority. Their weights are from 1 to {@linkcode WEIGHT_MAXIMUM}: larger ones are
 * scaled down together, so that the shares stay as they are. A record whose target is the root says that there is no
 * such service, and is left out.
 */
export function usedRecords(records: readonly SrvRecord[]): SrvRecord[] {
  const present = records.filter(({ name }) => name !== "" && name !== ".");
  const priority = Math.min(...present.map((record) => record.priority));
  const used = present.filter((record) => record.priority === priority);
  const largest = Math.max(...used.map(({ weight }) => weight));
  const scale = Math.min(1, WEIGHT_MAXIMUM / largest);
  return used.map((record) => ({ ...record, weight: Math.max(1, Math.round(record.weight * scale)) }));
}
