/**
 * Groups of peers, so that a run ends in time.
 *
 * @module
 */

/** Those that people compare proxies with; the fastest, and the limit; and those that the targets name. */
export type PeerGroup = "proxies" | "nearest" | "talk" | "bare" | "classic";

const OURS: readonly string[] = ["ringway-bun", "ringway-deno"];
const CLASSIC: readonly string[] = [...OURS, "nginx", "haproxy"];
const GROUPS: Readonly<Record<PeerGroup, readonly string[]>> = {
  proxies: [...CLASSIC, "envoy"],
  nearest: [...CLASSIC, "envoy-multishot", "limit"],
  talk: [...CLASSIC, "envoy", "envoy-multishot", "bun-serve", "deno-serve"],
  bare: [...CLASSIC, "limit"],
  classic: CLASSIC,
};

/** The names of a group. */
export function peerNames(group: PeerGroup): readonly string[] {
  return GROUPS[group];
}
