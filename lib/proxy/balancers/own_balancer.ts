/**
 * A balancer of the user's own in the place of a built-in one: whatever it does, it does no harm to the worker.
 *
 * @module
 */
import type { Candidates } from "../candidates.ts";
import type { Endpoint } from "../endpoint.ts";
import type { Balancer, BalancerChoice } from "./balancer.ts";
import type { CandidatePicker } from "./candidate_picker.ts";

/** See the module. */
export class OwnBalancer implements CandidatePicker {
  readonly #balancer: Balancer;
  readonly #onError: (error: unknown) => void;
  readonly #choice = new Choice();

  /** `onError` is told what it throws, or returns that is none of the endpoints. */
  constructor(balancer: Balancer, onError: (error: unknown) => void) {
    this.#balancer = balancer;
    this.#onError = onError;
  }

  pick(candidates: Candidates, tried: readonly Endpoint[], hash: number): Endpoint | null {
    if (!candidates.hasOther(tried)) return null;
    const choice = this.#choice;
    choice.set(candidates, tried, hash);
    let picked: unknown;
    try {
      picked = this.#balancer.pick(choice);
    } catch (error) {
      this.#onError(error);
      return null;
    }
    if (picked === null) return null;
    const endpoint = choice.endpoints.find((one) => one === picked);
    if (endpoint === undefined) this.#onError(new TypeError(`pick returned ${describe(picked, tried)}`));
    return endpoint ?? null;
  }
}

/** What there is to choose from. */
class Choice implements BalancerChoice {
  endpoints: readonly Endpoint[] = [];
  weights: ArrayLike<number> = [];
  tried: readonly Endpoint[] = [];
  hash: number | null = null;

  set({ endpoints, weights }: Candidates, tried: readonly Endpoint[], hash: number): void {
    this.tried = tried;
    this.hash = hash < 0 ? null : hash;
    if (tried.length === 0) {
      this.endpoints = endpoints;
      this.weights = weights;
      return;
    }
    this.endpoints = endpoints.filter((endpoint) => !tried.includes(endpoint));
    this.weights = weights.filter((_, index) => !tried.includes(endpoints[index] as Endpoint));
  }
}

function describe(picked: unknown, tried: readonly Endpoint[]): string {
  if (picked === undefined) return "nothing: it is one of the endpoints, or null for none of them";
  if (picked instanceof Promise) {
    // Nobody waits for it.
    picked.catch(() => {});
    return "a promise: it has to choose at once";
  }
  if (tried.some((endpoint) => endpoint === picked)) return "an endpoint that was tried already";
  return "what is none of the endpoints that it was given";
}
