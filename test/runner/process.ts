/**
 * Runs a program to its end and keeps what it printed.
 *
 * @module
 */
import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const PROJECT: string = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** Where the test command keeps what it downloads, besides `node_modules`. */
export const TOOLS: string = `${PROJECT}/.tools`;

/** How a program ended. */
export interface Outcome {
  /** Did it end by itself and with 0? */
  readonly ok: boolean;
  /** What it printed, standard output and standard error as they came. */
  readonly output: string;
}

/** What differs from running it in the project's folder for as long as it takes. */
export interface ProcessOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** Steps that hang are ended after this long. */
const STEP_TIMEOUT_MS = 15 * 60_000;

/** Set for every program, so that nothing asks, colours, or looks for a newer version of itself. */
const QUIET: Readonly<Record<string, string>> = {
  DENO_NO_PROMPT: "1",
  DENO_NO_UPDATE_CHECK: "1",
  NO_COLOR: "1",
  NPM_CONFIG_UPDATE_NOTIFIER: "false",
  PIP_DISABLE_PIP_VERSION_CHECK: "1",
  PIP_NO_INPUT: "1",
  PIP_ROOT_USER_ACTION: "ignore",
};

/** Caches that would lie in the home folder otherwise; a clone then needs no more than itself. */
const CACHES: Readonly<Record<string, string>> = {
  DENO_DIR: `${TOOLS}/deno`,
  ZIG_GLOBAL_CACHE_DIR: `${PROJECT}/.zig-cache/global`,
};

/** The environment of every program. */
export const ENVIRONMENT: Readonly<NodeJS.ProcessEnv> = { ...CACHES, ...process.env, ...QUIET };

/** The process groups that run now. */
const groups = new Set<number>();

/**
 * Ctrl-C reaches only the group of the terminal. It often comes twice, as npx and `bun run` pass it on: without a
 * handler the second would end this process before it has cleared away.
 */
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    for (const group of groups) endGroup(group);
    process.exit(1);
  });
}

/** Run a program to its end. It gets no input, and a timeout ends everything that it started. */
export function run(command: readonly string[], options: ProcessOptions = {}): Promise<Outcome> {
  const [program = "", ...rest] = command;
  return new Promise((resolve) => {
    const child = spawn(program, rest, {
      cwd: options.cwd ?? PROJECT,
      env: { ...ENVIRONMENT, ...options.environment },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const group = child.pid;
    if (group !== undefined) groups.add(group);
    const decoder = new TextDecoder();
    let output = "";
    const keep = (bytes: Uint8Array): void => {
      output += decoder.decode(bytes, { stream: true });
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const timeoutMs = options.timeoutMs ?? STEP_TIMEOUT_MS;
    const timer = setTimeout(() => {
      output += `\nEnded after ${timeoutMs / 1000} s without an end of its own.\n`;
      if (group !== undefined) endGroup(group);
    }, timeoutMs);
    child.once("error", (error) => {
      clearTimeout(timer);
      resolve({ ok: false, output: `${program}: ${error.message}\n` });
    });
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      if (group !== undefined) groups.delete(group);
      if (signal !== null) output += `\nEnded by ${signal}.\n`;
      resolve({ ok: code === 0, output });
    });
  });
}

function endGroup(group: number): void {
  try {
    process.kill(-group, "SIGKILL");
  } catch {
    // It has just ended.
  }
}
