/**
 * What an outlier detector remembers of an endpoint.
 *
 * @module
 */

/** Written by the `OutlierDetector` alone. */
export class OutlierRecord {
  /** Events in a row, see `OutlierOptions`. */
  consecutive5xx = 0;
  consecutiveGatewayErrors = 0;
  consecutiveConnectFailures = 0;
  /** Is it left out? */
  isEjected = false;
  /** When it comes back, if it is left out; when it came back, otherwise. */
  returnMs = 0;
  /** How many times in a row it was left out; less what it has made good since, as of the last time. */
  ejections = 0;

  /** Whatever happened in a row, begins anew. */
  resetCounts(): void {
    this.consecutive5xx = 0;
    this.consecutiveGatewayErrors = 0;
    this.consecutiveConnectFailures = 0;
  }
}
