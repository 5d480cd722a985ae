/** The examples of docs/operations.md do what is said about them. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type Finished, RunningCommand } from "./support/command.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const DOCUMENT = readFileSync(`${PROJECT}/docs/operations.md`, "utf8");
const folder = mkdtempSync(join(tmpdir(), "ringway-docs-"));
const examples = [...DOCUMENT.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, block = ""]) => {
  return block.replaceAll(/"@ringway\/proxy\/(\w+)"/g, `"${PROJECT}lib/$1/mod.ts"`);
});

after(() => rmSync(folder, { recursive: true }));

async function run(name: string, code: string): Promise<Finished> {
  const module = join(folder, name);
  writeFileSync(module, code);
  return await new RunningCommand([], { module, cwd: folder }).finished;
}

describe("the documentation of operations", () => {
  it("has a first example that prints what is said", async () => {
    const { out, error, code } = await run("first.ts", examples[0] ?? "");
    assert.equal(out, "hello from the ring\nping\ntrue\n", error);
    assert.equal(code, 0);
    assert.match(DOCUMENT, /^It prints `hello from the ring`, `ping` and `true`\.$/m);
    assert.equal(readFileSync(join(folder, "greeting.txt"), "utf8"), "hello from the ring\n");
  });

  it("has one without promises that reads where the kernel put the bytes", async () => {
    const use = `
import { operationsOn } from "${PROJECT}lib/operations/mod.ts";
import { openSockets } from "${PROJECT}lib/sockets/mod.ts";
const sockets = await openSockets({ socketInterface: "uring" });
const operations = operationsOn(sockets);
const file = await operations.openFile("${join(folder, "second.ts")}");
const first = await new Promise<string>((resolve) => {
  peek(operations, file, (bytes) => resolve(new TextDecoder().decode(bytes?.slice() ?? new Uint8Array(0))));
});
console.log(first.split(" ", 1)[0]);
await sockets.close();
`;
    const { out, error, code } = await run("second.ts", `${examples[1]}${use}`);
    assert.equal(out, "import\n", error);
    assert.equal(code, 0);
  });

  it("has no other", () => {
    assert.equal(examples.length, 2);
  });
});
