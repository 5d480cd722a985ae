/**
 * How much is measured.
 *
 * @module
 */

/** How often and how long. */
export interface Settings {
  /** Only what matters most, on fewer peers. */
  readonly isQuick: boolean;
  /** How often everything is measured. */
  readonly rounds: number;
  /** How often memory is: it differs little between rounds and takes long. */
  readonly memoryRounds: number;
  /** How long each measurement takes. */
  readonly seconds: number;
  /** How long each peer is used before its first measurement. */
  readonly warmUpSeconds: number;
  /** How long connections are stalled. */
  readonly stallSeconds: number;
  /** Requests per second that are sent evenly. */
  readonly rates: readonly number[];
  /** How many connections are idle, if the limit of open files allows it. */
  readonly idleConnections: number;
  /** The same, where there are to be few. */
  readonly someIdleConnections: number;
  /** How long memory may take to be given back. */
  readonly giveBackSeconds: number;
  /** How often each command is started, over all rounds. */
  readonly starts: number;
}

/** All rates that are ever sent. */
export const RATES: readonly number[] = [2000, 4000, 6000, 8000, 10_000, 12_000];

/** For results: below an hour. */
export const FULL: Settings = {
  isQuick: false,
  rounds: 5,
  memoryRounds: 2,
  seconds: 2,
  warmUpSeconds: 2,
  rates: RATES,
  stallSeconds: 5,
  idleConnections: 10_000,
  someIdleConnections: 1000,
  giveBackSeconds: 10,
  starts: 20,
};

/** For a look: below three minutes. */
export const QUICK: Settings = {
  isQuick: true,
  rounds: 2,
  memoryRounds: 1,
  seconds: 1,
  warmUpSeconds: 1,
  rates: [4000, 8000],
  stallSeconds: 2,
  idleConnections: 2000,
  someIdleConnections: 1000,
  giveBackSeconds: 4,
  starts: 6,
};
