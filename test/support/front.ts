/**
 * The proxy in front of an application, started as a user would: by one line, or by a file of ten lines.
 *
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunningCommand } from "./command.ts";
import { startProxy } from "./http_scene.ts";

/** One of the ways to start it. */
export interface Front {
  /** For the names of tests. */
  readonly name: string;
  readonly driver: string;
  /** Start it in front of a port of this machine. */
  start(upstreamPort: number): RunningCommand;
}

/** The drivers that everything is tried on. */
export const DRIVERS: readonly string[] = ["uring", "default"];

/** Each driver with each way to say what is wanted. */
export const FRONTS: readonly Front[] = DRIVERS.flatMap((driver) => [
  { name: `by one line on the ${driver} driver`, driver, start: (port) => startProxy(driver, [port]) },
  { name: `by a file on the ${driver} driver`, driver, start: (port) => startByFile(driver, port) },
]);

/** The dev proxy, on each driver. */
export const DEV_FRONTS: readonly Front[] = DRIVERS.map((driver) => ({
  name: `as a dev proxy on the ${driver} driver`,
  driver,
  start: (port) => new RunningCommand([driver, String(port)], { module: "test/support/dev_front.ts" }),
}));

function tenLines(driver: string, port: number): string {
  return `# The whole file.
workers: 1
socket_interface: ${driver}
listeners:
  - listen: 127.0.0.1:0
    cluster: app
clusters:
  - name: app
    endpoints: ["127.0.0.1:${port}"]
    connect_timeout_ms: 2000
`;
}

function startByFile(driver: string, port: number): RunningCommand {
  const folder = mkdtempSync(join(tmpdir(), "ringway-front-"));
  const path = join(folder, "ringway.yaml");
  writeFileSync(path, tenLines(driver, port));
  const command = new RunningCommand(["--config", path]);
  const clear = (): void => rmSync(folder, { recursive: true });
  command.finished.then(clear, clear);
  return command;
}
