import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readProc } from "../measurement/process_tree.ts";
import { runToEnd, StartedProcess } from "./started.ts";

describe("a started process", () => {
  it("is ready when it has printed a text, reads lines, and ends", async () => {
    const started = new StartedProcess(["sh", "-c", "echo ready; read line; echo got $line >&2; exit 3"]);
    await started.untilPrinted("ready");
    started.writeLine("something");
    assert.deepEqual(await started.finished, { code: 3, signal: null });
    assert.equal(started.error, "got something\n");
    assert.ok(started.isEnded);
  });

  it("that ends instead of getting ready is an error with what it said", async () => {
    const started = new StartedProcess(["sh", "-c", "echo no port left >&2; exit 1"]);
    await assert.rejects(started.untilPrinted("ready"), /sh -c .* did not print "ready": no port left/);
  });

  it("that does not exist is an error", async () => {
    const started = new StartedProcess(["/nowhere/nothing"]);
    await assert.rejects(started.untilPrinted("ready"), /\/nowhere\/nothing did not print/);
    await started.stop();
  });

  it("is stopped with all that it has started", async () => {
    const started = new StartedProcess(["sh", "-c", "sleep 60 & echo $! child; wait"]);
    await started.untilPrinted("child");
    const child = Number.parseInt(started.out, 10);
    assert.notEqual(readProc(`/proc/${child}/stat`), undefined);
    await started.stop();
    // It was sent a signal, and ends when it next runs. Without an init that reaps, its entry stays, as a zombie.
    const isGone = () => /\) [ZX]/.test(readProc(`/proc/${child}/stat`) ?? ") Z");
    const deadlineMs = Date.now() + 20_000;
    while (!isGone() && Date.now() < deadlineMs) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.ok(isGone(), "the child has ended");
  });
});

describe("a program that is run to its end", () => {
  it("returns its output", async () => {
    assert.equal((await runToEnd(["echo", "one"], 20_000)).out, "one\n");
  });

  it("throws what it said when it fails", async () => {
    await assert.rejects(runToEnd(["sh", "-c", "echo broken >&2; exit 1"], 20_000), /failed: broken/);
  });

  it("is ended when it takes too long", async () => {
    await assert.rejects(runToEnd(["sleep", "60"], 50), /did not end within 0.05 s/);
  });
});
