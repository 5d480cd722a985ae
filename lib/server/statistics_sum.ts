/**
 * The numbers of a proxy: those of all its workers, and of those that it had.
 *
 * @module
 */
import { STATISTICS, type StatisticName, Statistics } from "../proxy/statistics.ts";

/** A sum that does not go back when workers come and go. */
export class StatisticsSum {
  readonly #present = new Set<SharedArrayBuffer>();
  readonly #past: Record<StatisticName, number> = new Statistics().read();

  /** Count a worker's numbers too. */
  add({ memory }: Statistics): void {
    this.#present.add(memory);
  }

  /** The worker is gone: what it has counted stays, what was going on is over. */
  retire(one: Statistics): void {
    if (!this.#present.delete(one.memory)) return;
    const numbers = one.read();
    for (const name of STATISTICS) if (!isGauge(name)) this.#past[name] += numbers[name];
  }

  /** Connections of clients that are open in some workers. */
  activeConnections(workers: readonly Statistics[]): number {
    return workers.reduce((sum, worker) => sum + worker.read().downstream_connections_active, 0);
  }

  /** All numbers now. */
  read(): Record<StatisticName, number> {
    const sum = { ...this.#past };
    for (const memory of this.#present) {
      const numbers = new Statistics(memory).read();
      for (const name of STATISTICS) sum[name] += numbers[name];
    }
    return sum;
  }
}

/** Does it say how many there are now, and not how many there were? */
function isGauge(name: StatisticName): boolean {
  return name.endsWith("_active");
}
