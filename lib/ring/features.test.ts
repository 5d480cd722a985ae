import assert from "node:assert/strict";
import { test } from "node:test";
import * as abi from "../../ffi/abi.ts";
import { RingwayError } from "../../ffi/errors.ts";
import { FEATURE_NAMES, featureBits, featureNames, featureStates, featuresOff } from "./features.ts";
import { defaultRingOptions } from "./options.ts";

const bits = Object.entries(abi).filter(([name]) => name.startsWith("FEATURE_")) as [string, number][];

test("every feature of the shim has its constant's name and bit", () => {
  assert.deepEqual([...FEATURE_NAMES].sort(), bits.map(([name]) => name.slice("FEATURE_".length).toLowerCase()).sort());
  for (const [name, bit] of bits)
    assert.equal(featureBits([name.slice("FEATURE_".length).toLowerCase()], "a test"), bit);
});

test("bits and names go both ways", () => {
  assert.equal(featureBits([], "a test"), 0);
  const names = ["multishot_receive", "bundles"] as const;
  assert.deepEqual(featureNames(featureBits(names, "a test")), names);
});

test("a name that is unknown is refused with where it was found and those that are known", () => {
  const isRefusal = (error: unknown) =>
    error instanceof RingwayError &&
    error.code === "ERR_FEATURE_NAME" &&
    error.message.startsWith('Unknown feature "multishot" in MY_VARIABLE: known are multishot_accept, ');
  assert.throws(() => featureBits(["multishot_accept", "multishot"], "MY_VARIABLE"), isRefusal);
  assert.throws(() => featureBits(["toString"], "MY_VARIABLE"), { code: "ERR_FEATURE_NAME" });
});

function reasons(available: number, options: Partial<typeof defaultRingOptions>): Record<string, string> {
  const states = featureStates(available, { ...defaultRingOptions, ...options });
  return Object.fromEntries(states.map(({ name, on, reason }) => [name, `${on ? "on" : "off"}: ${reason}`]));
}

test("a feature is on because the kernel has it, or off for want of a kernel or by option", () => {
  const states = reasons(abi.FEATURE_MULTISHOT_ACCEPT | abi.FEATURE_NO_DROP, {
    disabledFeatures: abi.FEATURE_POLL_FIRST,
  });
  assert.equal(states["multishot_accept"], "on: the kernel has it");
  assert.equal(states["multishot_receive"], "off: needs Linux 6.0");
  assert.equal(states["deferred_task_run"], "off: needs Linux 6.1");
  assert.equal(states["poll_first"], "off: disabled by option");
  assert.equal(states["submission_queue_polling"], "off: not asked for");
});

test("features that exclude or need each other name each other", () => {
  const polling = reasons(abi.FEATURE_SUBMISSION_QUEUE_POLLING, { submissionQueuePolling: true });
  assert.equal(polling["submission_queue_polling"], "on: asked for");
  assert.equal(polling["deferred_task_run"], "off: does not go together with submission_queue_polling");
  assert.equal(polling["cooperative_task_run"], "off: does not go together with submission_queue_polling");
  const shared = reasons(0, { disabledFeatures: abi.FEATURE_SINGLE_ISSUER });
  assert.equal(shared["deferred_task_run"], "off: needs single_issuer, which is disabled by option");
});

test("all features can be off for one reason", () => {
  const states = featuresOff("a reason");
  assert.equal(states.length, bits.length);
  assert.ok(states.every(({ on, reason }) => !on && reason === "a reason"));
});
