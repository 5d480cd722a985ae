import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Environment } from "./environment.ts";
import { measureWorkload } from "./measure.ts";
import { FULL } from "./settings.ts";
import type { Subject, Workload, WorkloadContext } from "./workloads/workload.ts";

const CONTEXT: WorkloadContext = { environment: {} as Environment, settings: { ...FULL, rounds: 2 }, peers: [] };

function workload(
  log: string[],
  fails: (name: string, what: string) => boolean,
  whyNot: string | null = null,
): Workload {
  const act = async (name: string, what: string): Promise<void> => {
    log.push(`${what} ${name}`);
    if (fails(name, what)) throw new Error(`${name} broke`);
    await Promise.resolve();
  };
  const subject = (name: string): Subject => ({
    name,
    isOurs: name === "A",
    warmUp: () => act(name, "warm up"),
    measure: async () => {
      await act(name, "measure");
      return { values: { time: 1 }, notes: [], raw: null };
    },
    close: () => act(name, "close"),
  });
  return {
    name: "test",
    protocol: "tcp",
    describe: () => "a test",
    metrics: [{ key: "time", label: "ms", role: "main" }],
    whyNot: () => whyNot,
    subjects: () =>
      ["A", "B"].map((name) => ({
        name,
        isOurs: name === "A",
        open: async () => {
          await act(name, "open");
          return subject(name);
        },
      })),
  };
}

describe("measuring a workload", () => {
  it("warms up each subject, interleaves the rounds, and closes all", async () => {
    const log: string[] = [];
    const { subjects } = await measureWorkload(
      workload(log, () => false),
      CONTEXT,
      () => {},
    );
    assert.deepEqual(log, [
      ...["open A", "warm up A", "open B", "warm up B"],
      ...["measure A", "measure B", "measure A", "measure B"],
      ...["close A", "close B"],
    ]);
    assert.deepEqual(
      subjects.map(({ name, isOurs, samples, failure }) => [name, isOurs, samples.length, failure]),
      [
        ["A", true, 2, null],
        ["B", false, 2, null],
      ],
    );
  });

  it("makes a subject void that fails, leaves it alone, and goes on with the others", async () => {
    for (const [what, expected] of [
      ["open", ["open A", "open B", "warm up B", "measure B", "measure B", "close B"]],
      [
        "measure",
        ["open A", "warm up A", "open B", "warm up B", "measure A", "measure B", "measure B", "close A", "close B"],
      ],
    ] as const) {
      const log: string[] = [];
      const broken = workload(log, (name, action) => name === "A" && action === what);
      const { subjects } = await measureWorkload(broken, CONTEXT, () => {});
      assert.deepEqual(log, expected);
      assert.deepEqual(
        subjects.map(({ failure, samples }) => [failure, samples.length]),
        [
          ["A broke", 0],
          [null, 2],
        ],
      );
    }
  });

  it("has as many rounds as the workload wants", async () => {
    const once: Workload = { ...workload([], () => false), rounds: ({ memoryRounds }) => memoryRounds };
    const { subjects } = await measureWorkload(once, CONTEXT, () => {});
    assert.deepEqual(
      subjects.map(({ samples }) => samples.length),
      [FULL.memoryRounds, FULL.memoryRounds],
    );
  });

  it("leaves out metrics that nobody measured", async () => {
    const usual = workload([], () => false);
    const metrics = [...usual.metrics, { key: "other", label: "%", role: "main" } as const];
    const result = await measureWorkload({ ...usual, metrics }, CONTEXT, () => {});
    assert.deepEqual(result.metrics, usual.metrics);
  });

  it("says why nothing was measured", async () => {
    const log: string[] = [];
    const result = await measureWorkload(
      workload(log, () => false, "wrk missing"),
      CONTEXT,
      () => {},
    );
    assert.equal(result.skipped, "wrk missing");
    assert.deepEqual(log, []);
  });
});
