/**
 * Runs the command in a process of its own, under the runtime that runs the test.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createConnection, createServer, type Socket } from "node:net";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runtime } from "../../ffi/runtime.ts";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
/** A test fails after this long. */
export const DEADLINE_MS = 20_000;

/** How a process ended, and what it printed. */
export interface Finished {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly error: string;
}

/** What to run besides the command's arguments. */
export interface RunOptions {
  /** The module to run; by default the command's. */
  readonly module?: string;
  /** In the project's folder, what Deno looks up packages in, for a module elsewhere. */
  readonly config?: string;
  /** What it may do in Deno; by default what deno.json gives to the command. */
  readonly permissions?: readonly string[];
  /** The working directory; by default the project's folder. */
  readonly cwd?: string;
  /** Environment variables to add. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A command that runs the runtime, such as `["prlimit", "--nofile=64"]`. */
  readonly wrapper?: readonly string[];
}

/** The permissions that deno.json gives to the command, and all. */
const COMMAND_PERMISSIONS = [
  "--allow-ffi",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys",
];
const ALL_PERMISSIONS = ["--allow-all"];

/** The runtime's command line for a module of the project. */
export function runtimeCommand(
  module: string,
  arguments_: readonly string[],
  permissions: readonly string[] = ALL_PERMISSIONS,
): string[] {
  const flags = runtime.name === "deno" ? permissions : [];
  return [process.execPath, "run", ...flags, module, ...arguments_];
}

function flagsOf({ config, permissions = COMMAND_PERMISSIONS }: RunOptions): string[] {
  return config === undefined ? [...permissions] : [...permissions, `--config=${PROJECT}/${config}`];
}

/** A running command. */
export class RunningCommand {
  readonly child: ChildProcess;
  /** Resolves when the process has ended. */
  readonly finished: Promise<Finished>;
  #out = "";
  #error = "";
  #ended = false;
  #onOutput: (() => void)[] = [];

  /** Start it with arguments. */
  constructor(arguments_: readonly string[], options: RunOptions = {}) {
    const [program = "", ...rest] = [
      ...(options.wrapper ?? []),
      ...runtimeCommand(options.module ?? "proxy.ts", arguments_, flagsOf(options)),
    ];
    this.child = spawn(program, rest, {
      cwd: options.cwd ?? PROJECT,
      env: { ...process.env, ...options.environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.on("data", (bytes: Uint8Array) => {
      this.#out += new TextDecoder().decode(bytes);
      this.#announce();
    });
    this.child.stderr?.on("data", (bytes: Uint8Array) => {
      this.#error += new TextDecoder().decode(bytes);
      this.#announce();
    });
    this.finished = new Promise((resolve, reject) => {
      this.child.once("error", reject);
      this.child.once("close", (code, signal) => {
        this.#ended = true;
        resolve({ code, signal, out: this.#out, error: this.#error });
        this.#announce();
      });
    });
  }

  /** What was printed on standard output so far. */
  get out(): string {
    return this.#out;
  }

  /** What was printed on standard error so far. */
  get error(): string {
    return this.#error;
  }

  #announce(): void {
    for (const listener of this.#onOutput.splice(0)) listener();
  }

  /** Resolves when the condition holds for what was printed; rejects when the process ends before. */
  async until(condition: (out: string, error: string) => boolean, what: string): Promise<void> {
    const deadline = Date.now() + DEADLINE_MS;
    while (!condition(this.#out, this.#error)) {
      const ended = this.child.exitCode !== null || this.child.signalCode !== null;
      if (ended || Date.now() > deadline) {
        throw new Error(
          `${ended ? "The command ended" : "Time is over"} before ${what}:\n${this.#out}\n${this.#error}`,
        );
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1000);
        this.#onOutput.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Resolves with the ready line. */
  async ready(): Promise<string> {
    await this.until((out) => out.includes("\n"), "it was ready");
    return this.#out.slice(0, this.#out.indexOf("\n"));
  }

  /** The ports of the ready line, once it is there. */
  async ports(): Promise<number[]> {
    const line = await this.ready();
    const addresses = /ready: (.*?) ->/.exec(line)?.[1] ?? "";
    return [...addresses.matchAll(/:(\d+)(?:,|$)/g)].map((match) => Number(match[1]));
  }

  /** The first port of the ready line. */
  async port(): Promise<number> {
    const [port] = await this.ports();
    if (port === undefined) throw new Error(`No port in "${this.#out}"`);
    return port;
  }

  /** Send a signal. */
  signal(name: "SIGTERM" | "SIGINT" | "SIGHUP" | "SIGKILL"): void {
    // Not child.kill(): Deno reports a process as ended by that signal from then on, even if it handles it.
    if (this.child.pid !== undefined && this.#ended === false) process.kill(this.child.pid, name);
  }

  /** Stop it, if it still runs. */
  async stop(): Promise<Finished> {
    this.signal("SIGKILL");
    return await this.finished;
  }
}

/** Run the command to its end. */
export async function runToEnd(arguments_: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const command = new RunningCommand(arguments_, options);
  const timer = setTimeout(() => command.signal("SIGKILL"), DEADLINE_MS);
  const finished = await command.finished;
  clearTimeout(timer);
  return finished;
}

/** A connected socket of node:net. */
export function connect(address: { port?: number; host?: string; path?: string }): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const target = address.path !== undefined ? { path: address.path } : { host: "127.0.0.1", port: 0, ...address };
    const socket = createConnection({ ...target, allowHalfOpen: true });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      socket.setNoDelay();
      resolve(socket);
    });
  });
}

/** Below the ports that the kernel gives to who asks for any, so that no other test gets it meanwhile. */
const UNUSED_PORTS: readonly [first: number, count: number] = [12_000, 20_000];

/** A port of 127.0.0.1 that nobody listens on. */
export async function unusedPort(): Promise<number> {
  const [first, count] = UNUSED_PORTS;
  while (true) {
    const port = first + Math.floor(Math.random() * count);
    if (await isUnused(port)) return port;
  }
}

function isUnused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** Resolves when the condition holds; rejects, naming what was waited for, when it does not in time. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Time is over before ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
