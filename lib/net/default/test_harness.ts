/**
 * Default drivers for tests.
 *
 * @module
 */
import { rmSync } from "node:fs";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { ipAddress, type SocketAddress } from "../address.ts";
import {
  type AddressKind,
  DEADLINE_MS,
  type Harness,
  type HarnessOptions,
  TEST_CONNECTION_OPTIONS,
} from "../conformance/harness.ts";
import { DefaultDriver } from "./driver.ts";

/** A harness that also shows the driver's insides. */
export interface DefaultHarness extends Harness {
  readonly driver: DefaultDriver;
}

let unixSockets = 0;

/** A driver on the runtime's own loop. */
export function openDefaultHarness(options: HarnessOptions = {}): Promise<DefaultHarness> {
  const handlerErrors: unknown[] = [];
  const paths: string[] = [];
  const driver = new DefaultDriver({
    connection: { ...TEST_CONNECTION_OPTIONS, ...options.connection },
    reporter: { onHandlerError: (error) => handlerErrors.push(error), onNotice() {} },
  });
  return Promise.resolve({
    driver,
    handlerErrors,
    listenAddress: (kind) => {
      const address = listenAddress(kind);
      if (address.family === "unix" && !address.path.startsWith("@")) paths.push(address.path);
      return address;
    },
    until,
    async close() {
      await driver.close();
      for (const path of paths) rmSync(path, { force: true });
    },
  });
}

function listenAddress(kind: AddressKind = "ipv4"): SocketAddress {
  switch (kind) {
    case "ipv4":
      return ipAddress("127.0.0.1", 0);
    case "ipv6":
      return ipAddress("::1", 0);
    case "unix":
      return { family: "unix", path: `/tmp/ringway-default-test-${process.pid}-${unixSockets++}.sock` };
    case "abstract":
      return { family: "unix", path: `@ringway-default-test-${process.pid}-${unixSockets++}` };
  }
}

/** The runtime's loop does everything; the test only looks. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`Waited in vain for ${what}`);
    await delay(1);
  }
}
