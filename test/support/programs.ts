/**
 * Runs real programs: clients to their end, servers until they are stopped.
 *
 * @module
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import process from "node:process";
import { connect, DEADLINE_MS, until, unusedPort } from "./command.ts";

/** What a program printed, and how it ended. */
export interface Output {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** Is a program on the PATH (or in the folders of system programs)? */
export function hasProgram(name: string): boolean {
  return spawnSync("sh", ["-c", `PATH="$PATH:/usr/sbin:/sbin"; command -v ${name}`]).status === 0;
}

/** Why a test is skipped that needs programs which are not there; `false` when all are. */
export function missing(...names: string[]): string | false {
  const absent = names.filter((name) => !hasProgram(name));
  return absent.length > 0 && `not installed: ${absent.join(", ")}`;
}

function start(name: string, arguments_: readonly string[], input: "pipe" | "ignore"): ChildProcess {
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
  // In a group of its own, so that its children can be ended with it.
  const options = { detached: true, env: { ...process.env, PATH: path } };
  return spawn(name, arguments_, { ...options, stdio: [input, "pipe", "pipe"] });
}

/** Run a client to its end. */
export function run(name: string, arguments_: readonly string[], input = ""): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = start(name, arguments_, "pipe");
    const decoder = new TextDecoder();
    let out = "";
    let error = "";
    child.stdout?.on("data", (bytes: Uint8Array) => (out += decoder.decode(bytes)));
    child.stderr?.on("data", (bytes: Uint8Array) => (error += decoder.decode(bytes)));
    child.once("error", reject);
    const timer = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve({ code, out, error });
    });
    child.stdin?.end(input);
  });
}

/** A server in the foreground. */
export interface ServerProgram {
  readonly port: number;
  /** Ask it to end. */
  stop(): Promise<void>;
  /** End it and its children without giving them the time to say good-bye. */
  kill(): Promise<void>;
}

/** Start a server that listens on the port that `arguments_` gives it. */
export async function startServer(
  name: string,
  arguments_: (port: number) => readonly string[],
): Promise<ServerProgram> {
  const port = await unusedPort();
  const child = start(name, arguments_(port), "ignore");
  let output = "";
  const decoder = new TextDecoder();
  child.stdout?.on("data", (bytes: Uint8Array) => (output += decoder.decode(bytes)));
  child.stderr?.on("data", (bytes: Uint8Array) => (output += decoder.decode(bytes)));
  let ended = false;
  const finished = new Promise<void>((resolve) => {
    child.once("close", () => {
      ended = true;
      resolve();
    });
  });
  await until(async () => {
    if (ended) throw new Error(`${name} ended: ${output}`);
    return await accepts(port);
  }, `${name} accepted connections`);
  return {
    port,
    async stop() {
      child.kill("SIGTERM");
      await finished;
    },
    async kill() {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      await finished;
    },
  };
}

async function accepts(port: number): Promise<boolean> {
  try {
    (await connect({ port })).destroy();
    return true;
  } catch {
    return false;
  }
}
