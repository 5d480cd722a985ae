/**
 * Who kept a proxy from being faster?
 *
 * @module
 */

/** How many processors each has used, on average. */
export interface Shares {
  readonly proxy: number;
  readonly upstream: number;
  readonly load: number;
}

/** Of a processor: more than this is all that a single-threaded program gets. */
const FULL = 0.9;

/** A sentence if something other than the proxy set the pace, as it was at its limit and the proxy was not. */
export function findBottleneck({ proxy, upstream, load }: Shares): string | null {
  if (proxy >= FULL) return null;
  const others: [string, number][] = [
    ["the load generator", load],
    ["the upstream", upstream],
  ];
  for (const [name, share] of others) {
    if (share >= FULL)
      return `${name} was the bottleneck: ${percent(share)} of a processor, the proxy ${percent(proxy)}`;
  }
  return null;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
