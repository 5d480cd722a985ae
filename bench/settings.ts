/**
 * How much is measured.
 *
 * @module
 */

/** How often and how long. */
export interface Settings {
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
  /** How many connections are idle, if the limit of open files allows it. */
  readonly idleConnections: number;
  /** How long memory may take to be given back. */
  readonly giveBackSeconds: number;
  /** How often each command is started, over all rounds. */
  readonly starts: number;
}

/** For results. */
export const FULL: Settings = {
  rounds: 5,
  memoryRounds: 3,
  seconds: 5,
  warmUpSeconds: 3,
  stallSeconds: 5,
  idleConnections: 10_000,
  giveBackSeconds: 10,
  starts: 20,
};

/** For a look: a few minutes. */
export const QUICK: Settings = {
  rounds: 2,
  memoryRounds: 1,
  seconds: 1,
  warmUpSeconds: 1,
  stallSeconds: 2,
  idleConnections: 2000,
  giveBackSeconds: 4,
  starts: 6,
};
