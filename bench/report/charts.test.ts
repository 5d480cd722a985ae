import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { SubjectResult } from "../results.ts";
import type { Metric } from "../workloads/workload.ts";
import { type Chart, drawCharts } from "./charts.ts";
import { styleOf } from "./peer_style.ts";
import { findElements } from "./test_markup.ts";
import { testRun, testSubject, testWorkload } from "./test_runs.ts";

const RATES: readonly Metric[] = [1000, 2000].flatMap((rate) => [
  { key: `p50At${rate}`, label: `${rate}/s: p50 ms`, role: "compared" },
  { key: `p99At${rate}`, label: "p99 ms", role: "compared" },
]);

const bars = (chart: Chart | undefined): { fill: string; width: number; faint: boolean }[] =>
  findElements(chart?.svg ?? "")
    .filter(({ name, attributes }) => name === "rect" && attributes["class"] === undefined)
    .map(({ attributes: { fill = "", width, opacity } }) => ({
      fill,
      width: Number(width),
      faint: opacity !== undefined,
    }));

const drawPost = (...subjects: readonly SubjectResult[]): Chart | undefined =>
  drawCharts(testRun([testWorkload("http-post", subjects)])).find(({ name }) => name === "cost");

describe("charts", () => {
  it("are those whose workloads were measured, and no others", () => {
    const names = (...workloads: string[]): string[] =>
      drawCharts(
        testRun(workloads.map((name) => testWorkload(name, [testSubject("nginx", [{ cpu: 1, throughput: 2 }])]))),
      ).map(({ name }) => name);
    assert.deepEqual(names("http-post"), ["cost", "throughput"]);
    assert.deepEqual(names("tcp-4k"), ["cost-other", "throughput"]);
    assert.deepEqual(names("start", "tcp-idle"), []);
    assert.deepEqual(names(), []);
  });

  it("have bars in proportion, user time in the strong colour", () => {
    const chart = drawPost(
      testSubject("nginx", [{ cpu: 40, cpuUser: 10, cpuSystem: 30 }]),
      testSubject("ringway-bun", [{ cpu: 20, cpuUser: 10, cpuSystem: 10 }]),
    );
    const [ownUser, ownSystem, user, system, ...more] = bars(chart);
    assert.deepEqual(more, []);
    assert.ok(ownUser && ownSystem && user && system);
    assert.deepEqual([ownUser.fill, user.fill], [styleOf("ringway-bun").colour, styleOf("nginx").colour]);
    assert.deepEqual(
      [ownUser, ownSystem, user, system].map(({ faint }) => faint),
      [false, true, false, true],
    );
    assert.equal(ownUser.width, ownSystem.width);
    assert.equal(user.width * 3, system.width);
    assert.equal((ownUser.width + ownSystem.width) * 2, user.width + system.width);
  });

  it("say what is void instead of showing it, and leave out what is void as a whole", () => {
    const isVoid = testSubject("nginx", [{ cpu: 40 }], "3 responses were not 200");
    const chart = drawPost(testSubject("ringway-bun", [{ cpu: 20 }]), isVoid);
    assert.equal(bars(chart).length, 1);
    assert.match(chart?.svg ?? "", />void<\/text>/);
    assert.match(chart?.svg ?? "", /ringway-bun 20\.0, nginx void\.<\/desc>/);
    assert.equal(drawPost(isVoid), undefined);
  });

  it("may have one subject only, that nobody knows, with markup in its name", () => {
    const chart = drawPost(testSubject('<a> & "b" of a very long name', [{ cpu: 0 }, { cpu: 3 }]));
    assert.equal(bars(chart).length, 1);
    assert.equal(bars(chart)[0]?.fill, styleOf("").colour);
    assert.match(chart?.svg ?? "", /&lt;a&gt; &amp; &quot;b&quot; of a very …<\/text>/);
  });

  it("have the spread of the rounds, and the median in numbers", () => {
    const chart = drawPost(testSubject("nginx", [{ cpu: 10 }, { cpu: 20 }, { cpu: 40 }]));
    const [spread] = findElements(chart?.svg ?? "").filter(({ attributes }) => attributes["class"] === "spread");
    const [, from = "", to = ""] = /^M([\d.]+) .*H([\d.]+)m/.exec(spread?.attributes["d"] ?? "") ?? [];
    const [bar] = bars(chart);
    assert.equal(Number(to) - Number(from), ((bar?.width ?? 0) / 20) * 30);
    assert.match(chart?.svg ?? "", />20\.0<\/text>/);
  });

  it("have experiments beside what they are based on", () => {
    const subjects = ["limit-bundles", "limit"].map((name) => testSubject(name, [{ cpu: 10 }]));
    const [chart, ...more] = drawCharts(testRun([testWorkload("sweep-limit-tcp-4k", subjects)]));
    assert.deepEqual([chart?.name, more], ["experiments", []]);
    assert.match(chart?.svg ?? "", /limit 10\.0, limit-bundles 10\.0\.<\/desc>/);
    assert.match(chart?.svg ?? "", /limit: a program in Zig/);
  });

  it("are named, and described in numbers", () => {
    const chart = drawPost(testSubject("nginx", [{ cpu: 10 }]), testSubject("limit", [{ cpu: 5 }]));
    assert.match(chart?.svg ?? "", /<title id="title">Processor time per request: less is better<\/title>/);
    assert.match(
      chart?.svg ?? "",
      /Linux 6\.1, 2 x CPU; medians of the rounds\. .*: limit 5\.00, nginx 10\.0\.<\/desc>/,
    );
    assert.match(chart?.svg ?? "", /limit: a program in Zig/);
  });
});

describe("the chart of latencies", () => {
  const draw = (...subjects: readonly SubjectResult[]): Chart | undefined =>
    drawCharts(testRun([testWorkload("http-rate", subjects, RATES)])).find(({ name }) => name === "latency");
  const values = { p50At1000: 1, p99At1000: 10, p50At2000: 2, p99At2000: 100 };

  it("has a line for each subject and percentile, on a logarithmic scale", () => {
    const chart = draw(testSubject("nginx", [values]), testSubject("ringway-bun", [values]));
    const paths = findElements(chart?.svg ?? "").filter(
      ({ name, attributes }) => name === "path" && attributes["fill"] === "none",
    );
    assert.equal(paths.length, 4);
    const colours = paths.map(({ attributes }) => attributes["stroke"]);
    assert.deepEqual(colours.slice(0, 2), [styleOf("nginx").colour, styleOf("ringway-bun").colour]);
    assert.match(chart?.svg ?? "", /http-rate: p99 ms: ringway-bun 10\.0 at 1,000, 100 at 2,000\. nginx/);
  });

  it("has hollow points where the rate was not reached, and no line of a void subject", () => {
    const raw = [{ rate: 2000, fortio: { requests: 1000, seconds: 1 } }];
    const slow = { ...testSubject("nginx", []), samples: [{ values, notes: [], raw }] };
    const chart = draw(slow, testSubject("envoy", [values], "cut"));
    const hollow = findElements(chart?.svg ?? "").filter(({ attributes }) => attributes["class"] === "hollow");
    assert.equal(hollow.length, 2);
    assert.match(chart?.svg ?? "", /envoy void\./);
    assert.equal(draw(testSubject("envoy", [values], "cut")), undefined);
  });

  it("has one for connections too, if they were varied", () => {
    const metrics: readonly Metric[] = [1, 512].map((count) => ({
      key: `cpuAt${count}`,
      label: `connections ${count}: CPU us/request`,
      role: "compared",
    }));
    const subject = testSubject("nginx", [{ cpuAt1: 100, cpuAt512: 20 }]);
    const [chart] = drawCharts(testRun([testWorkload("sweep-connections", [subject], metrics)]));
    assert.equal(chart?.name, "connections");
    assert.match(chart.svg, /sweep-connections: CPU us\/request: nginx 100 at 1, 20\.0 at 512\./);
    assert.match(chart.svg, />some work of sweep-connections; 1 round<\/text>/);
  });

  it("has those of ringway's options, if they were varied", () => {
    const metrics: readonly Metric[] = [2048, 65_536].flatMap((bytes) => [
      { key: `throughputAt${bytes}`, label: `read-buffer-size ${bytes}: requests/s`, role: "compared" },
      { key: `cpuAt${bytes}`, label: "CPU us/request", role: "compared" },
    ]);
    const values = { throughputAt2048: 1, throughputAt65536: 2, cpuAt2048: 30, cpuAt65536: 20 };
    const subject = testSubject("ringway-deno", [values]);
    for (const option of ["read-buffer-size", "io-uring-size"]) {
      const [chart, ...more] = drawCharts(testRun([testWorkload(`sweep-options-${option}`, [subject], metrics)]));
      assert.deepEqual([chart?.name, more], [option, []]);
      assert.match(chart?.svg ?? "", /CPU us\/request: ringway-deno 30\.0 at 2,048, 20\.0 at 65,536\./);
    }
  });

  it("may have one point only", () => {
    const metrics: readonly Metric[] = [{ key: "p99At1000", label: "1000/s: p99 ms", role: "compared" }];
    const workload = testWorkload("http-rate", [testSubject("nginx", [{ p99At1000: 5 }])], metrics);
    const [chart] = drawCharts(testRun([workload]));
    assert.equal(chart?.name, "latency");
    assert.ok(findElements(chart.svg).length > 10);
  });
});
