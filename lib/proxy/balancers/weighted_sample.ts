/**
 * A random endpoint, by weight.
 *
 * @module
 */
import type { Candidates } from "../candidates.ts";
import type { Endpoint } from "../endpoint.ts";

/** The index of one of the candidates that was not tried, each as likely as its weight says; -1 if there is none. */
export function sampleIndex(candidates: Candidates, tried: readonly Endpoint[], random: () => number): number {
  const { endpoints, isUniform, sums } = candidates;
  if (endpoints.length === 0) return -1;
  if (tried.length > 0) return sampleOther(candidates, tried, random);
  if (isUniform) return Math.floor(random() * endpoints.length);
  return indexOfSum(sums, random() * (sums[sums.length - 1] as number));
}

/** The first index whose sum is more than that. */
function indexOfSum(sums: Float64Array, target: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sums[middle] as number) > target) high = middle;
    else low = middle + 1;
  }
  return low;
}

function sampleOther({ endpoints, weights }: Candidates, tried: readonly Endpoint[], random: () => number): number {
  let total = 0;
  let last = -1;
  for (let index = 0; index < endpoints.length; index++) {
    if (tried.includes(endpoints[index] as Endpoint)) continue;
    total += weights[index] as number;
    last = index;
  }
  let target = random() * total;
  for (let index = 0; index < last; index++) {
    if (tried.includes(endpoints[index] as Endpoint)) continue;
    target -= weights[index] as number;
    if (target < 0) return index;
  }
  return last;
}
