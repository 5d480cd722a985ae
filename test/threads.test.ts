/**
 * Programs with threads, in processes of their own: how they end, and what they need.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { runtime } from "../ffi/runtime.ts";
import { runtimeCommand } from "./support/command.ts";
import { run } from "./support/programs.ts";

const PROGRAM = fileURLToPath(new URL("./support/threads_program.ts", import.meta.url));
const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const ONLY_DENO = runtime.name !== "deno" && "only Deno has permissions";

function command(arguments_: readonly string[], permissions?: readonly string[]): [string, string[]] {
  const [program = "", ...rest] = runtimeCommand(PROGRAM, arguments_, permissions);
  return [program, rest];
}

for (const driver of ["uring", "default"] as const) {
  describe(`a program with threads on the ${driver} driver`, () => {
    it("can start and stop them again and again, and ends by itself", async () => {
      const { code, out, error } = await run(...command(["rounds", driver, "12"]));
      assert.equal(code, 0, out + error);
      const more = /^12 rounds, (-?\d+) descriptors more than at first\n$/.exec(out)?.[1];
      // A place in the shim's table of rings keeps its eventfd, and rounds that overlap use more places. A leak
      // would be one for each of 9 rounds at the least.
      assert.ok(more !== undefined && Number(more) < 9, out + error);
      assert.equal(error, "");
    });

    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      it(`goes on until ${signal} ends it`, async () => {
        const [program, rest] = command(["serve", driver]);
        const child = spawn(program, rest, { stdio: ["ignore", "pipe", "inherit"] });
        try {
          const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
          assert.equal(line, `ready: ${driver}`);
          const ended = once(child, "exit");
          child.kill(signal);
          assert.deepEqual(await ended, [null, signal]);
        } finally {
          child.kill("SIGKILL");
        }
      });
    }

    it("warns of problems that nobody wants to be told", async () => {
      const { code, out, error } = await run(...command(["deaf", driver]));
      assert.equal(code, 0, error);
      assert.equal(out, `ready: ${driver}\n`);
      for (const index of [0, 1, 2]) assert.match(error, new RegExp(`A message came to thread ${index}, where nobody`));
    });

    it("is told of rejections in its threads that nobody waited for, which end nothing", async () => {
      const { code, error } = await run(...command(["careless", driver]));
      assert.equal(code, 0, error);
      const warnings = error.matchAll(/A promise was rejected in a thread, and nobody waited for it: Error: a loose/g);
      assert.equal([...warnings].length, 3, error);
      assert.doesNotMatch(error, /crashed/);
    });
  });
}

describe("the permissions of a program with threads", { skip: ONLY_DENO }, () => {
  const read = `--allow-read=${PROJECT}`;

  it("are --allow-ffi and --allow-read on the uring driver", async () => {
    const [program, rest] = command(["throws", "uring"], ["--no-prompt", "--allow-ffi", read]);
    const { out, error } = await run(program, rest);
    assert.equal(out, "ERR_THREAD_START thrown for a test\n", error);
  });

  it("are --allow-net and --allow-read on the default driver", async () => {
    const [program, rest] = command(["throws", "default"], ["--no-prompt", "--allow-net", read]);
    const { out, error } = await run(program, rest);
    assert.equal(out, "ERR_THREAD_START thrown for a test\n", error);
  });

  it("are named when they are missing", async () => {
    const [program, rest] = command(["throws", "default"], ["--no-prompt", "--allow-net"]);
    const { out, error } = await run(program, rest);
    assert.match(out, /^ERR_THREAD_START Thread \d could not start: .*--allow-read/, error);
  });
});
