/**
 * Programs in processes of their own, in the runtime of the test.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { runtime } from "../../ffi/runtime.ts";

const TIMEOUT_MS = 15_000;

/** What a program printed, and its exit code; `null` if it had to be ended. */
export interface ProgramEnd {
  readonly out: string;
  readonly error: string;
  readonly code: number | null;
}

/** Run a program that has `openSockets` and `process`, to its end. */
export async function runProgram(body: string): Promise<ProgramEnd> {
  const folder = mkdtempSync(join(tmpdir(), "ringway-program-"));
  const file = join(folder, "program.ts");
  const module = new URL("./mod.ts", import.meta.url).href;
  writeFileSync(file, `import process from "node:process";\nimport { openSockets } from "${module}";\n${body}`);
  const options = runtime.name === "deno" ? ["run", "-A", "--no-check"] : ["run"];
  const child = spawn(process.execPath, [...options, file], { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let error = "";
  child.stdout.on("data", (bytes: Uint8Array) => {
    out += new TextDecoder().decode(bytes);
  });
  child.stderr.on("data", (bytes: Uint8Array) => {
    error += new TextDecoder().decode(bytes);
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS);
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  clearTimeout(timer);
  rmSync(folder, { recursive: true });
  return { out, error, code };
}
