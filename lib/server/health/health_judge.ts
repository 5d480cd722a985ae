/**
 * From the results of checks to whether an endpoint is healthy. No I/O, no clock.
 *
 * @module
 */
import type { HealthCheckOptions } from "./health_check_options.ts";

/** One endpoint's results. The first one decides alone; later, as many in a row as the thresholds say. */
export class HealthJudge {
  /** What is thought of it now. */
  isHealthy: boolean;
  readonly #options: Pick<HealthCheckOptions, "unhealthyThreshold" | "healthyThreshold">;
  #isDecided = false;
  /** Results in a row that speak against what is thought. */
  #against = 0;

  /** A judge without results, who thinks what is given. */
  constructor(options: Pick<HealthCheckOptions, "unhealthyThreshold" | "healthyThreshold">, isHealthy: boolean) {
    this.#options = options;
    this.isHealthy = isHealthy;
  }

  /** Take a result. Is there something to tell: a change, or that an endpoint was bad from the start? */
  record(isGood: boolean): boolean {
    if (!this.#isDecided) return this.#decide(isGood);
    if (isGood === this.isHealthy) {
      this.#against = 0;
      return false;
    }
    this.#against++;
    const { unhealthyThreshold, healthyThreshold } = this.#options;
    if (this.#against < (isGood ? healthyThreshold : unhealthyThreshold)) return false;
    this.isHealthy = isGood;
    this.#against = 0;
    return true;
  }

  #decide(isGood: boolean): boolean {
    const isNews = !isGood || !this.isHealthy;
    this.#isDecided = true;
    this.isHealthy = isGood;
    return isNews;
  }
}
