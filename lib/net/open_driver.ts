/**
 * Makes the driver that was chosen for a thread.
 *
 * @module
 */
import { loadLibrary } from "../../ffi/library.ts";
import type { Driver, DriverReporter } from "./driver.ts";
import { connectionOptions, type IoUringOptions, ringOptions } from "./io_uring_options.ts";
import { UringDriver } from "./uring/driver.ts";

/** What a thread's driver is made from. It can be posted to the thread, but for the reporter. */
export interface DriverChoice {
  /** Which one. */
  readonly driver: "uring" | "default";
  /** From where the shim is loaded; `null`: from where the environment says, or the one in the package. */
  readonly libraryPath: string | null;
  /** `FEATURE_*` bits of the ring that are not to be used. */
  readonly disabledFeatures: number;
  /** Sizes and times. */
  readonly ioUring: IoUringOptions;
  /** Does the thread do nothing but turn its loop? */
  readonly isParked: boolean;
  /** Told what no handler can be told. */
  readonly reporter: DriverReporter;
}

/** Make it, for this thread. Throws a RingwayError with reason and cure. */
export async function openDriver(choice: DriverChoice): Promise<Driver> {
  const { driver, libraryPath, disabledFeatures, ioUring, isParked, reporter } = choice;
  const connection = connectionOptions(ioUring);
  if (driver === "default") {
    // Loaded only where it is used: node:net is the larger part of it.
    const { DefaultDriver } = await import("./default/driver.ts");
    return new DefaultDriver({ connection, reporter });
  }
  const library = await loadLibrary(libraryPath ?? undefined);
  // A thread that can't have it costs a little more.
  if (isParked) library.functions.ringway_thread_batch();
  const ring = ringOptions(ioUring, disabledFeatures);
  return new UringDriver({ library, ring, connection, acceptSize: ioUring.acceptSize, reporter });
}
