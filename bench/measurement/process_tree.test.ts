import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { describe, it } from "node:test";
import { parseParent, processTree, readProc, treeBelow } from "./process_tree.ts";

describe("the parent of a process", () => {
  it("is found behind a name with spaces and parentheses", () => {
    assert.equal(parseParent("12 (a) b) (c) S 34 12 12 0 -1 4194304 95 0"), 34);
  });
});

describe("a tree of processes", () => {
  it("has children and their children, and no strangers", () => {
    const parents = new Map([
      [2, 1],
      [5, 2],
      [3, 1],
      [7, 5],
      [8, 3],
    ]);
    assert.deepEqual(
      treeBelow(2, parents).sort((a, b) => a - b),
      [2, 5, 7],
    );
    assert.deepEqual(treeBelow(9, parents), [9]);
  });

  it("is found in this process and its child", async () => {
    const child = spawn("cat", { stdio: ["pipe", "ignore", "ignore"] });
    await once(child, "spawn");
    assert.deepEqual(
      processTree(process.pid).filter((pid) => pid === process.pid || pid === child.pid),
      [process.pid, child.pid],
    );
    child.stdin.end();
    await once(child, "close");
    assert.equal(readProc(`/proc/${child.pid}/stat`), undefined);
  });
});
