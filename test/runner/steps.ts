/**
 * The test command's steps: each prints one line with its name, its end and how long it took.
 *
 * @module
 */
import process from "node:process";
import { type Outcome, run } from "./process.ts";

/** What went wrong in a step, for a person to read. */
export class StepError extends Error {
  override readonly name = "StepError";
}

/** The names of the steps that failed. */
const failed: string[] = [];

/** The steps that failed so far. */
export function failedSteps(): readonly string[] {
  return failed;
}

/** Print to standard output. */
export function print(text: string): void {
  process.stdout.write(text);
}

/** Seconds with one decimal. */
export function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}

/**
 * Do a step and return what it returns. If it throws, that is printed, the result is `null`, and the
 * whole command will fail, but not before the steps behind it have run.
 */
export async function step<Result>(
  name: string,
  body: (remark: (text: string) => void) => Promise<Result>,
): Promise<Result | null> {
  print(`${name} ... `);
  const start = performance.now();
  let said = "ok";
  try {
    const result = await body((text) => {
      said = text;
    });
    print(`${said} (${seconds(performance.now() - start)})\n`);
    return result;
  } catch (error) {
    failed.push(name);
    print(`FAILED (${seconds(performance.now() - start)})\n`);
    const text = error instanceof StepError ? error.message : error instanceof Error ? error.stack : String(error);
    print(`${text?.trimEnd()}\n\n`);
    return null;
  }
}

/** Run a program that has to succeed. What it printed; throws a {@linkcode StepError} with that if it fails. */
export async function check(
  command: readonly string[],
  options: { cwd?: string; environment?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const { ok, output }: Outcome = await run(command, options);
  if (!ok) throw new StepError(`$ ${command.join(" ")}\n${output}`);
  return output;
}
