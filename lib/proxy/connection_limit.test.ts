import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Listener } from "../net/connection.ts";
import { ConnectionLimit } from "./connection_limit.ts";

interface Recorded {
  readonly listener: Listener;
  readonly calls: string[];
  readonly modes: boolean[];
}

function record(): Recorded {
  const calls: string[] = [];
  const modes: boolean[] = [];
  const listener: Listener = {
    address: { family: "unix", path: "x" },
    pause: () => void calls.push("pause"),
    resume: () => void calls.push("resume"),
    acceptSingly: (isSingly) => void modes.push(isSingly),
    close: () => Promise.resolve(),
  };
  return { listener, calls, modes };
}

describe("ConnectionLimit", () => {
  it("pauses its listeners when it is full, and resumes them when it is not", () => {
    const { listener, calls } = record();
    const limit = new ConnectionLimit(2);
    limit.add(listener);
    limit.take();
    assert.deepEqual(calls, []);
    limit.take();
    limit.take();
    assert.deepEqual(calls, ["pause"]);
    limit.giveBack();
    assert.deepEqual(calls, ["pause"]);
    limit.giveBack();
    assert.deepEqual(calls, ["pause", "resume"]);
  });

  it("pauses the listeners of all limits below one that is full", () => {
    const [one, other] = [record(), record()];
    const parent = new ConnectionLimit(2);
    const [first, second] = [new ConnectionLimit(1, parent), new ConnectionLimit(9, parent)];
    first.add(one.listener);
    second.add(other.listener);
    first.take();
    assert.deepEqual([one.calls, other.calls], [["pause"], []]);
    second.take();
    assert.deepEqual([one.calls, other.calls], [["pause"], ["pause"]]);
    second.giveBack();
    assert.deepEqual([one.calls, other.calls], [["pause"], ["pause", "resume"]], "the first is full itself");
    first.giveBack();
    assert.deepEqual(one.calls, ["pause", "resume"]);
  });

  it("is held whatever the number of connections, with all limits below, until it is not", () => {
    const [one, late] = [record(), record()];
    const parent = new ConnectionLimit(9);
    const limit = new ConnectionLimit(1, parent);
    limit.add(one.listener);
    parent.hold(true);
    limit.add(late.listener);
    assert.deepEqual([one.calls, late.calls], [["pause"], ["pause"]]);
    limit.take();
    parent.hold(false);
    assert.deepEqual(one.calls, ["pause"], "it is full now");
    limit.giveBack();
    assert.deepEqual(one.calls, ["pause", "resume"]);
    parent.hold(true);
    limit.take();
    limit.giveBack();
    assert.deepEqual(one.calls, ["pause", "resume", "pause"], "room is not enough");
  });

  it("lets them accept one by one when few connections are left, and many at a time otherwise", () => {
    const { listener, modes } = record();
    const limit = new ConnectionLimit(4098);
    limit.add(listener);
    assert.deepEqual(modes, [false]);
    limit.take();
    assert.deepEqual(modes, [false]);
    limit.take();
    assert.deepEqual(modes, [false, true]);
    limit.giveBack();
    assert.deepEqual(modes, [false, true, false]);
  });

  it("leaves listeners alone once it is stopped", () => {
    const { listener, calls } = record();
    const limit = new ConnectionLimit(1);
    limit.add(listener);
    limit.take();
    limit.stop();
    limit.giveBack();
    assert.deepEqual(calls, ["pause"]);
  });
});
