import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { SubjectResult, WorkloadResult } from "../results.ts";
import type { Metric } from "../workloads/workload.ts";
import { formatNumber, formatSummary } from "./numbers.ts";
import { formatReport } from "./report.ts";
import { formatTable } from "./table.ts";
import type { TargetResult } from "./target.ts";
import { checkTargets } from "./targets.ts";
import { testRun, testSubject, testWorkload } from "./test_runs.ts";

const METRICS: readonly Metric[] = [
  { key: "cpu", label: "CPU us/request", role: "compared" },
  { key: "switches", label: "switches", role: "detail" },
];

const subject = testSubject;
const workload = (name: string, subjects: readonly SubjectResult[], skipped: string | null = null): WorkloadResult =>
  testWorkload(name, subjects, METRICS, skipped);

describe("numbers", () => {
  it("have three digits", () => {
    assert.deepEqual([0, 0.1234, 1.234, 12.34, 123.4, 12_345.6].map(formatNumber), [
      ...["0", "0.123", "1.23", "12.3", "123", "12,346"],
    ]);
    assert.equal(formatNumber(-12.34), "-12.3");
    assert.equal(formatNumber(Number.NaN), "?");
  });

  it("have their spread where there is one", () => {
    assert.equal(formatSummary({ median: 2, least: 1, most: 3 }), "2.00 (1.00-3.00)");
    assert.equal(formatSummary({ median: 2, least: 2, most: 2 }), "2.00");
    assert.equal(formatSummary({ median: -2, least: -3, most: -1 }), "-2.00 (-3.00 to -1.00)");
    assert.equal(formatSummary(null), "");
  });
});

it("a table has columns of the same width", () => {
  assert.equal(
    formatTable([
      ["", "ms"],
      ["first", "1.5"],
      ["x", "200"],
    ]),
    "          ms\n  first  1.5\n  x      200\n",
  );
});

describe("the report", () => {
  it("has medians, spreads, and medians of ratios within a round", () => {
    const report = formatReport(
      testRun([
        workload("tcp-4k", [
          subject("ringway-bun", [
            { cpu: 10, switches: 1 },
            { cpu: 20, switches: 1 },
            { cpu: 60, switches: 1 },
          ]),
          subject("nginx", [
            { cpu: 20, switches: 2 },
            { cpu: 80, switches: 2 },
            { cpu: 120, switches: 3 },
          ]),
        ]),
      ]),
    );
    assert.match(report, /nothing is pinned/);
    assert.match(report, /ringway-bun +20\.0 \(10\.0-60\.0\) +1\.00\n/);
    assert.match(report, /nginx +80\.0 \(20\.0-120\) +2\.00\n/);
    assert.match(report, /CPU us\/request, ringway-bun +0\.500 \(0\.250-0\.500\)\n/);
    assert.match(report, /pass +ringway-bun +tcp-4k CPU\/request \/ nginx +0\.500 +<= 0\.7\n/);
    assert.match(report, /not measured +ringway-bun +tcp-4k CPU\/request \/ haproxy/);
  });

  it("divides experiments by what they are based on", () => {
    const subjects = [subject("limit", [{ cpu: 10 }]), subject("limit-bundles", [{ cpu: 5 }])];
    const report = formatReport(testRun([{ ...workload("sweep-limit-tcp-4k", subjects), baseline: "limit" }]));
    assert.match(report, /ratio of rounds +\/ limit\n/);
    assert.match(report, /CPU us\/request, limit-bundles +0\.500\n/);
  });

  it("has nothing but the reason of what is void or skipped", () => {
    const report = formatReport(
      testRun([
        workload("tcp-4k", [
          subject("ringway-bun", [{ cpu: 10 }]),
          subject("nginx", [{ cpu: 7 }], "3 responses were not 200"),
        ]),
        workload("tcp-10m", [], "wrk missing"),
      ]),
    );
    assert.match(report, /nginx: void: 3 responses were not 200\n/);
    assert.doesNotMatch(report, /7\.00|ratio of rounds/);
    assert.match(report, /tcp-10m: some work of tcp-10m\n {2}not measured: wrk missing/);
  });

  it("says a note once, with the number of its rounds", () => {
    const noted = subject("ringway-bun", []);
    const samples = [97, 98].map((percent) => ({ values: { cpu: 1 }, notes: [`load used ${percent} %`], raw: null }));
    const report = formatReport(
      testRun([workload("x", [{ ...noted, samples: [...samples, { values: {}, notes: [], raw: null }] }])]),
    );
    assert.equal(report.split("load used").length, 2);
    assert.match(report, /ringway-bun: load used 97 % \(2 of 3 rounds\)/);
  });
});

describe("targets", () => {
  const result = (targets: TargetResult[], name: string, what: string): TargetResult | undefined =>
    targets.find((target) => target.subject === name && target.what === what);

  it("are reached, missed, or not measured", () => {
    const targets = checkTargets(
      [
        workload("tcp-4k", [
          subject("ringway-bun", [{ cpu: 7 }]),
          subject("ringway-deno", [{ cpu: 8 }]),
          subject("nginx", [{ cpu: 10 }]),
        ]),
        workload("tcp-stall", [subject("ringway-bun", [{ growth: 8 }]), subject("ringway-deno", [{ growth: 7.9 }])]),
      ],
      [],
    );
    assert.equal(result(targets, "ringway-bun", "tcp-4k CPU/request / nginx")?.isReached, true);
    assert.equal(result(targets, "ringway-deno", "tcp-4k CPU/request / nginx")?.isReached, false);
    assert.equal(result(targets, "ringway-deno", "tcp-4k CPU/request / haproxy")?.isReached, null);
    assert.equal(result(targets, "ringway-bun", "tcp-stall growth in MiB")?.isReached, false);
    assert.equal(result(targets, "ringway-deno", "tcp-stall growth in MiB")?.isReached, true);
    assert.equal(
      targets.some(({ what }) => what.startsWith("tcp-10m")),
      false,
    );
  });

  it("of connections per second are reached from above", () => {
    const churn = (throughput: number): boolean | null | undefined =>
      result(
        checkTargets(
          [workload("tcp-churn", [subject("ringway-bun", [{ throughput }]), subject("nginx", [{ throughput: 100 }])])],
          [],
        ),
        "ringway-bun",
        "tcp-churn connections/s / nginx",
      )?.isReached;
    assert.equal(churn(120), true);
    assert.equal(churn(119), false);
  });

  it("include proxies that are given on the command line", () => {
    const targets = checkTargets(
      [workload("tcp-4k", [subject("ringway-bun", [{ cpu: 21 }]), subject("mine", [{ cpu: 20 }])])],
      [
        { name: "mine", protocol: "tcp" },
        { name: "other", protocol: "http" },
      ],
    );
    assert.equal(result(targets, "ringway-bun", "tcp-4k CPU/request / mine")?.measured, 1.05);
    assert.equal(result(targets, "ringway-bun", "tcp-4k CPU/request / mine")?.isReached, true);
    assert.equal(
      targets.some(({ what }) => what.endsWith("/ other")),
      false,
    );
    const ofHttp = checkTargets(
      [workload("http-upload", [subject("ringway-deno", [{ cpu: 112 }]), subject("other", [{ cpu: 100 }])])],
      [{ name: "other", protocol: "http" }],
    );
    assert.equal(result(ofHttp, "ringway-deno", "http-upload CPU/byte / other")?.isReached, false);
  });
});
