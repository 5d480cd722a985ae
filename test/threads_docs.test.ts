/**
 * The examples of docs/threads.md and of startThreads that consist of several files: their types are right, and they do
 * what is said about them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { findTools } from "./runner/tools.ts";
import { RunningCommand } from "./support/command.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "ringway-threads-"));

/** The blocks that begin with the name of their file. */
function filesOf(path: string): Map<string, string> {
  const text = readFileSync(`${PROJECT}/${path}`, "utf8").replaceAll(/^ *\* ?/gm, "");
  const blocks = text.matchAll(/^```ts.*\n(\/\/ (\w+\.ts)[\s\S]*?)^```$/gm);
  return new Map([...blocks].map(([, code = "", name = ""]) => [name, code]));
}

/** Write the files of an example to a folder of its own. */
function write(name: string, files: ReadonlyMap<string, string>): string {
  const own = join(folder, name);
  mkdirSync(own);
  for (const [file, code] of files) {
    const withPaths = code
      .replaceAll('"@ringway/proxy/threads"', JSON.stringify(`${PROJECT}lib/threads/mod.ts`))
      .replaceAll('"@ringway/proxy/thread"', JSON.stringify(`${PROJECT}lib/threads/thread_entry.ts`));
    writeFileSync(join(own, file), withPaths);
  }
  return own;
}

/** Run a program to its end. What it printed, in lines. */
async function linesOf(module: string): Promise<string[]> {
  const { code, out, error } = await new RunningCommand([], { module }).finished;
  assert.equal(code, 0, error);
  return out.trimEnd().split("\n");
}

after(() => rmSync(folder, { recursive: true }));

describe("the examples of threads", () => {
  const fromDocument = filesOf("docs/threads.md");
  const ofDocument = write("document", fromDocument);
  const ofComment = write("comment", filesOf("lib/threads/start_threads.ts"));

  it("have types that are right", async () => {
    const compilerOptions = {
      isolatedDeclarations: false,
      declaration: false,
      typeRoots: [`${PROJECT}/node_modules/@types`],
    };
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    const config = { extends: `${PROJECT}/tsconfig.json`, compilerOptions, include: [folder] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const [program = "", ...rest] = (await findTools()).tsc;
    const { status, stdout } = spawnSync(program, [...rest, "-p", folder], { encoding: "utf8" });
    assert.equal(status, 0, stdout);
  });

  it("run: the one of the document", async () => {
    const [listening = "", ...heard] = await linesOf(join(ofDocument, "main.ts"));
    assert.match(listening, /"127\.0\.0\.1:\d+"/);
    assert.deepEqual(heard.sort(), [
      "0 thread 0 ends",
      "0 thread 0 of 2 heard: are you there?",
      "1 thread 1 ends",
      "1 thread 1 of 2 heard: are you there?",
      "1 thread 1 of 2 heard: only you",
    ]);
  });

  it("run: the same with an entry of its own, as for bundlers", async () => {
    assert.match(fromDocument.get("thread.ts") ?? "", /^import "@ringway\/proxy\/thread";$/m);
    const main = readFileSync(join(ofDocument, "main.ts"), "utf8");
    const entry = '{ threadUrl: new URL("./thread.ts", import.meta.url),';
    writeFileSync(join(ofDocument, "bundled.ts"), main.replace("{\n", `${entry}\n`));
    const lines = await linesOf(join(ofDocument, "bundled.ts"));
    assert.equal(lines.length, 6, lines.join("\n"));
  });

  it("run: the one of the comment", async () => {
    const [line = ""] = await linesOf(join(ofComment, "main.ts"));
    assert.match(line, /"127\.0\.0\.1:\d+"/);
  });
});
