/**
 * Who kept a proxy from being faster, and who was in the way?
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
  const full = others.filter(([, share]) => share >= FULL);
  if (full.length === 0) return null;
  const names = full.map(([name]) => name).join(" and ");
  const shares = full.map(([, share]) => percent(share)).join(" and ");
  const verb = full.length === 1 ? "was the bottleneck" : "were the bottlenecks";
  return `${names} ${verb}: ${shares} of a processor, the proxy ${percent(proxy)}`;
}

/** Of a processor: less is what any system does by itself. */
const DISTURBING = 0.3;

/** A sentence if something that has no part in the measurement was busy, given how many processors were in all. */
export function findDisturbance({ proxy, upstream, load }: Shares, processorsBusy: number): string | null {
  const others = processorsBusy - proxy - upstream - load;
  return others >= DISTURBING ? `disturbed: something else used ${percent(others)} of a processor` : null;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
