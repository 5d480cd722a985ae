/**
 * Processes that the benchmark starts, and ends without fail: each has a process group of its own, and all that
 * are left end with this process, however that ends.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { SYSTEM_PATH } from "../../test/runner/packages.ts";
import { ENVIRONMENT, PROJECT } from "../../test/runner/process.ts";

/** How a process ended. */
export interface Finished {
  readonly code: number | null;
  readonly signal: string | null;
}

const STOP_TIMEOUT_MS = 5000;
const READY_TIMEOUT_MS = 20_000;
/** A program that complains about each connection must not fill the memory. */
const OUTPUT_LIMIT = 1 << 20;

const running = new Set<StartedProcess>();

process.on("exit", () => {
  for (const started of running) started.signal("SIGKILL");
});

/** A running program. */
export class StartedProcess {
  readonly command: readonly string[];
  /** Resolves when it has ended. */
  readonly finished: Promise<Finished>;
  readonly #child: ChildProcess;
  #out = "";
  #error = "";
  #isEnded = false;
  #listeners: (() => void)[] = [];

  /** Start a program in the project's folder. */
  constructor(command: readonly string[]) {
    this.command = command;
    const [program = "", ...rest] = command;
    this.#child = spawn(program, rest, {
      cwd: PROJECT,
      env: { ...ENVIRONMENT, PATH: SYSTEM_PATH },
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    });
    running.add(this);
    const decoder = new TextDecoder();
    this.#child.stdout?.on("data", (bytes: Uint8Array) => {
      this.#out = keep(this.#out, decoder.decode(bytes, { stream: true }));
      this.#announce();
    });
    this.#child.stderr?.on("data", (bytes: Uint8Array) => {
      this.#error = keep(this.#error, new TextDecoder().decode(bytes));
    });
    // It may end before it has read a line that is written to it.
    this.#child.stdin?.on("error", () => {});
    this.finished = new Promise((resolve) => {
      const end = (code: number | null, signal: string | null): void => {
        this.#isEnded = true;
        running.delete(this);
        this.#announce();
        resolve({ code, signal });
      };
      this.#child.once("error", (error) => {
        this.#error = keep(this.#error, error.message);
        end(null, null);
      });
      this.#child.once("close", end);
    });
  }

  /** Its number in the system. */
  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.command[0]} was not started`);
    return this.#child.pid;
  }

  /** What it printed on standard output. */
  get out(): string {
    return this.#out;
  }

  /** What it printed on standard error. */
  get error(): string {
    return this.#error;
  }

  /** Has it ended? */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  #announce(): void {
    for (const listener of this.#listeners.splice(0)) listener();
  }

  /** Resolves once it has printed this on standard output. */
  async untilPrinted(text: string, timeoutMs: number = READY_TIMEOUT_MS): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!this.#out.includes(text)) {
      const waitMs = deadline - Date.now();
      if (this.#isEnded || waitMs <= 0) throw this.failure(`did not print "${text}"`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        this.#listeners.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Write a line to its standard input. */
  writeLine(line = ""): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** An error that says what the process did not do, and what it said instead. */
  failure(what: string): Error {
    const said = `${this.#error}${this.#out}`.trim().slice(-500);
    return new Error(`${this.command.join(" ")} ${what}${said === "" ? "" : `: ${said}`}`);
  }

  /** Send a signal to it and to all that it has started. */
  signal(name: "SIGINT" | "SIGTERM" | "SIGKILL"): void {
    if (this.#isEnded || this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, name);
    } catch {
      // It has just ended.
    }
  }

  /** End it at once, if it still runs. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.finished;
  }

  /** End it, if it still runs. */
  async stop(): Promise<void> {
    this.signal("SIGTERM");
    const timer = setTimeout(() => this.signal("SIGKILL"), STOP_TIMEOUT_MS);
    await this.finished;
    clearTimeout(timer);
  }
}

function keep(text: string, more: string): string {
  const all = text + more;
  return all.length > OUTPUT_LIMIT ? all.slice(-OUTPUT_LIMIT / 2) : all;
}

/** Run a program to its end and return its standard output. Throws if it fails. */
export async function runToEnd(command: readonly string[], timeoutMs: number): Promise<StartedProcess> {
  const started = new StartedProcess(command);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    started.signal("SIGKILL");
  }, timeoutMs);
  const { code } = await started.finished;
  clearTimeout(timer);
  if (code !== 0) throw started.failure(isLate ? `did not end within ${timeoutMs / 1000} s` : "failed");
  return started;
}
