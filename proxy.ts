/**
 * The command: `bun run proxy`, `deno run proxy`. See `--help`.
 *
 * @module
 */
import process from "node:process";
import { runCommand } from "./lib/server/command.ts";

await runCommand(process.argv.slice(2));
