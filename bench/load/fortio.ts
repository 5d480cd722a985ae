/**
 * fortio, a load generator and echo server for HTTP: built from the Go module proxy into the project.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { hasProgram } from "../../test/runner/packages.ts";
import { run, TOOLS } from "../../test/runner/process.ts";

/** Later ones, from 1.69 on, need a module that not every module proxy hands out. */
const VERSION = "v1.68.2";
const FOLDER = `${TOOLS}/fortio-${VERSION}`;

/** The program, once it is installed. */
export const FORTIO: string = `${FOLDER}/fortio`;

/** Install it where Go is there. What would help if it can't be; `null` if it is there. */
export async function installFortio(): Promise<string | null> {
  if (existsSync(FORTIO)) return null;
  if (!hasProgram("go")) return `install Go, which builds it with: ${command().join(" ")}`;
  const caches = `${TOOLS}/go`;
  const environment = { GOBIN: FOLDER, GOPATH: caches, GOCACHE: `${caches}/cache` };
  const { ok, output } = await run(command(), { environment });
  // Some hundred MiB that nothing needs any more.
  await rm(caches, { recursive: true, force: true });
  return ok ? null : `${command().join(" ")} failed: ${output.trim().slice(-300)}`;
}

function command(): string[] {
  // Else its cache could not be removed.
  return ["go", "install", "-modcacherw", `fortio.org/fortio@${VERSION}`];
}

/** What is sent. */
export interface FortioLoad {
  readonly connections: number;
  readonly bodyBytes: number;
  /** `null`: as many as possible. */
  readonly requestsPerSecond: number | null;
  readonly seconds: number;
  /** So many requests, however long they take. */
  readonly requests?: number | null;
}

/** The command line that sends bodies with POST. */
export function fortioCommand(port: number, load: FortioLoad): string[] {
  const { connections, bodyBytes, requestsPerSecond, seconds, requests = null } = load;
  const end = requests === null ? ["-t", `${seconds}s`] : ["-n", `${requests}`];
  // Spread over time, and late ones are not made up for.
  const pace = requestsPerSecond === null ? [] : ["-uniform", "-nocatchup"];
  return [
    ...[FORTIO, "load", "-quiet", "-json", "-", "-c", `${connections}`, "-payload-size", `${bodyBytes}`],
    ...["-qps", `${requestsPerSecond ?? 0}`, ...pace, ...end],
    // As long as wrk waits; by default it gives a request up after 3 s.
    ...["-timeout", "10s"],
    // The steps of its histogram in seconds.
    ...["-r", "0.0001", "-p", "50,90,99,99.9"],
    `http://127.0.0.1:${port}/`,
  ];
}
