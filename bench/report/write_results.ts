/**
 * Writes RESULTS.md, the charts and the README's chart from raw results, without measuring:
 * `npx -y bun bench/report/write_results.ts [FILE...]`
 *
 * FILE is one of `bench/results/`; without, it is the newest of a full run. Several are joined.
 *
 * @module
 */
import { basename } from "node:path";
import process from "node:process";
import { writeGenerated } from "./generated.ts";
import { chooseName, savedNames } from "./saved_results.ts";

async function main(files: readonly string[]): Promise<void> {
  const newest = chooseName(await savedNames());
  const names = files.length > 0 ? files.map((file) => basename(file)) : newest === null ? [] : [newest];
  if (names.length === 0) throw new Error("bench/results/ has no results: npx bun run bench --save");
  for (const path of await writeGenerated(names)) process.stdout.write(`${path}\n`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
