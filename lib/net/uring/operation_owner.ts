/**
 * Who has operations in a driver's ring that are no connection's, such as those of files.
 *
 * @module
 */

/** What a driver asks of it. */
export interface OperationOwner {
  /** Operations that the kernel has, or is to have: as long as there are any, the driver is in use. */
  readonly inFlight: number;
  /** An operation has completed. False if there is none of this slot and generation. What it throws is reported. */
  complete(slot: number, generation: number, result: number): boolean;
  /** The driver closes: take nothing on any more, and cancel what is in flight. */
  cancelAll(): void;
  /** The ring is closed: nothing completes any more. What it throws is reported, and it is called again. */
  abandon(): void;
}
