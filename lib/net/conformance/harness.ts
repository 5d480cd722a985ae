/**
 * What the conformance suite needs of a driver: an open one, addresses to listen on, and a way to let
 * its loop run.
 *
 * @module
 */
import type { SocketAddress } from "../address.ts";
import type { ConnectionOptions } from "../connection.ts";
import type { Driver } from "../driver.ts";

/** Where a test wants to listen. */
export type AddressKind = "ipv4" | "ipv6" | "unix" | "abstract";

/** A driver under test, for one test alone. */
export interface Harness {
  /** The driver. */
  readonly driver: Driver;
  /** What handlers threw, as the driver reported it. */
  readonly handlerErrors: readonly unknown[];
  /** An address to listen on that nobody uses: port 0 of loopback, or a unix path or abstract name of its own. */
  listenAddress(kind?: AddressKind): SocketAddress;
  /** Let the driver's loop run until the condition holds. After a deadline it throws an error that names `what`. */
  until(condition: () => boolean, what: string): Promise<void>;
  /** Close the driver, and check that it kept nothing: no buffer, no descriptor. */
  close(): Promise<void>;
}

/** What a test asks of its driver. */
export interface HarnessOptions {
  /** Limits and times of connections, where a test needs its own. */
  readonly connection?: Partial<ConnectionOptions>;
}

/** Opens a driver for one test. */
export type MakeHarness = (options: HarnessOptions) => Promise<Harness>;

/** Tests that a driver can't pass, and why. */
export interface Skip {
  /** Names of tests. */
  readonly tests: readonly string[];
  /** The reason, as a sentence that is shown beside each of them. */
  readonly reason: string;
}

/** Limits and times of connections in tests that do not ask for others. */
export const TEST_CONNECTION_OPTIONS: ConnectionOptions = {
  writeHighWatermarkBytes: 64 * 1024,
  writeLowWatermarkBytes: 16 * 1024,
  writeTimeoutMs: 1000,
};

/** How long a condition may take to hold. Never reached when all is well, however slow the machine. */
export const DEADLINE_MS = 20_000;

/** How long a test may take. Longer than the deadline of a condition, whose error says more. */
export const TEST_TIMEOUT_MS = 60_000;
