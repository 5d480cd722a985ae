/**
 * Writes RESULTS.md, the charts and the README's chart from raw results, without measuring:
 * `npx -y bun bench/report/write_results.ts [FILE...]`
 *
 * FILE is one of `bench/results/`; without, they are the newest of a full run and those with what it lacks. Several are
 * joined.
 *
 * @module
 */
import { basename } from "node:path";
import process from "node:process";
import { chooseRuns } from "./choice.ts";
import { writeGenerated } from "./generated.ts";

async function main(files: readonly string[]): Promise<void> {
  const chosen = files.length > 0 ? files.map((file) => ({ name: basename(file) })) : await chooseRuns();
  const names = chosen.map(({ name }) => name);
  if (names.length === 0) throw new Error("bench/results/ has no results: npx bun run bench --save");
  for (const path of await writeGenerated(names)) process.stdout.write(`${path}\n`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
