import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RunResult } from "../results.ts";
import type { Metric } from "../workloads/workload.ts";
import { drawCharts } from "./charts.ts";
import { formatResultsPage, sourcesOf } from "./results_page.ts";
import { REQUEST_METRICS, testRun, testSubject, testWorkload } from "./test_runs.ts";

const page = (run: RunResult): string => formatResultsPage(run, ["a.json", "b.json"], drawCharts(run));

const POST = testWorkload("http-post", [
  testSubject("nginx", [
    { throughput: 100, cpu: 20, p99: 5, p50: 1 },
    { throughput: 100, cpu: 40, p99: 5, p50: 1 },
  ]),
  testSubject("ringway-bun", [
    { throughput: 130, cpu: 8, p99: 4, p50: 1 },
    { throughput: 150, cpu: 20, p99: 4, p50: 1 },
  ]),
  testSubject("ringway-deno", [
    { throughput: 110, cpu: 6, p99: 4, p50: 1 },
    { throughput: 130, cpu: 12, p99: 4, p50: 1 },
  ]),
  testSubject("ringway-bun-default", [{ throughput: 90, cpu: 30, p99: 4, p50: 1 }]),
]);

/** The headings, and the first row of each table. */
function structureOf(text: string): string[] {
  const lines = text.split("\n");
  return lines.filter((line, index) => line.startsWith("#") || lines[index + 1]?.startsWith("| --- |"));
}

describe("the page of results", () => {
  it("has ratios first, then targets, then all figures", () => {
    assert.deepEqual(structureOf(page(testRun([POST]))), [
      "# Results of the benchmark",
      "## At a glance",
      "| ringway-bun divided by | ringway-bun-default | nginx |",
      "| ringway-deno divided by | ringway-bun-default | nginx |",
      "## Targets",
      "| figure | target | measured |",
      "## Ratios",
      "### Ratios of http-post",
      "|  | requests/s, ringway-bun | requests/s, ringway-deno | " +
        "CPU us/request, ringway-bun | CPU us/request, ringway-deno |",
      "## Figures",
      "### http-post",
      "|  | requests/s | CPU us/request | p50 ms | p99 ms | user | system |",
    ]);
  });

  it("has medians of ratios within a round, with their spread", () => {
    const text = page(testRun([POST]));
    assert.match(text, /^\| http-post, CPU us\/request \| 0\.267 \| 0\.450 \|$/m);
    assert.match(
      text,
      /^\| \/ nginx \| 1\.40 \(1\.30-1\.50\) \| 1\.20 \(1\.10-1\.30\) \| 0\.450 \(0\.400-0\.500\) \| /m,
    );
    assert.match(
      text,
      /^\| ringway-bun \| 140 \(130-150\) \| 14\.0 \(8\.00-20\.0\) \| 1\.00 \| 4\.00 \| {2}\| {2}\|$/m,
    );
  });

  it("has every target with what was measured", () => {
    const text = page(testRun([POST]));
    const row = (peer: string): string | undefined =>
      text.split("\n").find((line) => line.startsWith(`| http-post CPU/request / ${peer} | `));
    assert.match(
      row("nginx") ?? "",
      / \| \\<= 0\.4 \| ringway-bun \*\*0\.450 missed\*\*; ringway-deno 0\.300 pass \|$/,
    );
    assert.match(row("envoy") ?? "", / \| ringway-bun not measured; ringway-deno not measured \|$/);
  });

  it("names the command, the machine, the versions and remarks, and its sources", () => {
    const text = page(testRun([POST], { remarks: ["nothing | is <pinned>"], versions: { mine: "a*b" } }));
    for (const part of ["```sh\nnpx bun run bench --save\n```", "- Linux 6.1, 2 x CPU, 4,096 MiB, load 0.1 before\n"]) {
      assert.ok(text.includes(part), part);
    }
    assert.match(text, /^- nothing \\\| is \\<pinned\\>$/m);
    assert.match(text, /^- mine: a\\\*b$/m);
    assert.deepEqual(sourcesOf(text), ["a.json", "b.json"]);
    assert.deepEqual(sourcesOf("# Results of results/c.json"), ["c.json"]);
  });

  it("says that a quick look is one", () => {
    assert.match(page(testRun([POST], { scope: "quick" })), /a quick look, not for results/);
    assert.doesNotMatch(page(testRun([POST])), /quick look/);
  });

  it("has the reason of what is void or was not measured, and none of its figures", () => {
    const broken = testSubject("nginx", [{ cpu: 7777 }], "3 responses | were\nnot 200");
    const noted = testSubject("ringway-bun", []);
    const samples = [{ values: { cpu: 2 }, notes: ["the upstream was the bottleneck"], raw: null }];
    const text = page(
      testRun([
        testWorkload("http-4k", [{ ...noted, samples }, broken]),
        testWorkload("http-10m", [broken]),
        testWorkload("tcp-10m", [], REQUEST_METRICS, "wrk missing"),
      ]),
    );
    assert.match(text, /^- nginx is void: 3 responses \\\| were not 200$/m);
    assert.match(text, /^- ringway-bun: the upstream was the bottleneck \(1 of 1 rounds\)$/m);
    assert.match(text, /^### tcp-10m\n\nsome work of tcp-10m\n\nNot measured: wrk missing$/m);
    assert.doesNotMatch(text, /7,?777|At a glance|Ratios of/);
  });

  it("may have one peer only, or nothing", () => {
    const alone = page(testRun([testWorkload("http-4k", [testSubject("nginx", [{ cpu: 7 }])])]));
    assert.match(alone, /^\| nginx \| {2}\| 7\.00 \|/m);
    assert.doesNotMatch(alone, /At a glance|Ratios of/);
    assert.match(page(testRun([])), /None of the workloads that have targets was measured/);
  });

  it("has a table for each figure that was measured along something", () => {
    const metrics: readonly Metric[] = [1000, 20_000].flatMap((rate) => [
      { key: `p99At${rate}`, label: `${rate}/s: p99 ms`, role: "compared" },
      { key: `cpuAt${rate}`, label: "CPU us/request", role: "detail" },
    ]);
    const values = { p99At1000: 2, p99At20000: 3, cpuAt1000: 4, cpuAt20000: 5, p999At1000: 6, p999At20000: 7 };
    const subjects = ["ringway-bun", "nginx"].map((name) => testSubject(name, [values]));
    const text = page(testRun([testWorkload("http-rate", subjects, metrics)]));
    assert.match(text, /^\| p99 ms, ringway-bun \| 1,000 \| 20,000 \|\n.*\n\| \/ nginx \| 1\.00 \| 1\.00 \|$/m);
    assert.match(text, /^\| CPU us\/request \| 1,000 \| 20,000 \|\n.*\n\| ringway-bun \| 4\.00 \| 5\.00 \|$/m);
    assert.match(text, /^\| p99\.9 ms \| 1,000 \| 20,000 \|\n.*\n\| ringway-bun \| 6\.00 \| 7\.00 \|$/m);
    assert.match(text, /^\| http-rate p99 at 1,000\/s \/ best peer, nginx \| .*ringway-bun \*\*1\.00 missed\*\*; /m);
  });

  it("has what was varied as whole numbers", () => {
    const metrics: readonly Metric[] = [{ key: "cpuAt32", label: "io-uring-size 32: CPU us/request", role: "main" }];
    const subject = testSubject("ringway-bun", [{ cpuAt32: 18.5 }]);
    const text = page(testRun([testWorkload("sweep-options-io-uring-size", [subject], metrics)]));
    assert.match(text, /^\| CPU us\/request \| 32 \|\n.*\n\| ringway-bun \| 18\.5 \|$/m);
  });

  it("divides experiments by what they are based on, one row each", () => {
    const subjects = [
      testSubject("limit", [{ throughput: 100, cpu: 10 }]),
      testSubject("limit-bundles", [{ throughput: 150, cpu: 5 }]),
      testSubject("limit-direct", [{ cpu: 7777 }], "cut"),
    ];
    const text = page(testRun([{ ...testWorkload("sweep-limit-tcp-4k", subjects), baseline: "limit" }]));
    assert.match(
      text,
      /^\| {2}\| requests\/s \/ limit \| CPU us\/request \/ limit \|\n.*\n\| limit-bundles \| 1\.50 \| 0\.500 \|$/m,
    );
    assert.doesNotMatch(text, /At a glance|limit divided by|7,?777/);
  });

  it("links the charts that there are", () => {
    const links = [...page(testRun([POST])).matchAll(/^!\[.*\]\((.*)\)$/gm)].map(([, link]) => link);
    assert.deepEqual(links, ["charts/cost.svg", "charts/throughput.svg"]);
  });
});
