/**
 * The page of results, `bench/RESULTS.md`: ratios first, then targets, then all figures.
 *
 * @module
 */
import { isDivided, type RunResult, ratioOf, type SubjectResult, summaryOf, type WorkloadResult } from "../results.ts";
import type { Metric } from "../workloads/workload.ts";
import type { Chart } from "./charts.ts";
import { describeMachine, describeRounds, describeWorkload } from "./machine_text.ts";
import { escapeMarkdown, markdownList, markdownTable } from "./markdown.ts";
import { collectNotes } from "./notes.ts";
import { formatNumber, formatSummary } from "./numbers.ts";
import { inOrder } from "./peer_style.ts";
import type { TargetResult } from "./target.ts";
import { checkTargets, MAIN_SUBJECTS } from "./targets.ts";
import { keyAt, splitMetrics, type VariedMetric } from "./varied.ts";

/** The page, with the names of the files that the run was read from. */
export function formatResultsPage(run: RunResult, sources: readonly string[], charts: readonly Chart[]): string {
  const measured = run.workloads.filter(({ skipped }) => skipped === null);
  const parts = [
    formatHead(run, sources),
    formatGlance(measured.filter(({ baseline }) => baseline === undefined)),
    ...charts.map(({ name, title }) => `![${escapeMarkdown(title)}](charts/${name}.svg)\n`),
    "## Targets\n",
    formatTargets(checkTargets(run.workloads, run.references)),
    "## Ratios\n",
    "ringway divided by the other, within a round: the median, and in parentheses the least and the most.\n",
    ...measured.map(formatRatios),
    "## Figures\n",
    "Medians over the rounds, and in parentheses the least and the most.\n",
    ...run.workloads.map(formatFigures),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

const COMMAND = "bench/report/write_results.ts";

/** The names of the files that a page was made from, as its first line has them. */
export function sourcesOf(page: string): string[] {
  const [line = ""] = page.split("\n");
  return [...line.matchAll(/results\/([\w.-]+\.json)/g)].map(([, name = ""]) => name);
}

function formatHead(run: RunResult, sources: readonly string[]): string {
  const { date, command, versions, remarks } = run;
  const files = sources.map((name) => `results/${name}`);
  return [
    `<!-- Generated from ${files.join(", ")} by ${COMMAND}: measure again, don't edit. -->`,
    "",
    "# Results of the benchmark",
    "",
    `Made on ${date.slice(0, 10)} by`,
    "",
    "```sh",
    command,
    "```",
    "",
    "What is measured, and how to read it, is in [README.md](README.md); every raw result in " +
      `${files.map((file) => `[${file}](${file})`).join(" and ")}.`,
    "",
    markdownList([
      escapeMarkdown(describeMachine(run.machine)),
      escapeMarkdown(describeRounds(run)),
      ...remarks.map(escapeMarkdown),
      ...Object.entries(versions).map(([name, version]) => `${escapeMarkdown(name)}: ${escapeMarkdown(version)}`),
    ]),
  ].join("\n");
}

/** Those that are divided: ringway with io_uring, or what there is of ringway; or all but what they are based on. */
function ownSubjects(workload: WorkloadResult): SubjectResult[] {
  const divided = workload.subjects.filter((subject) => isDivided(subject, workload));
  const main = divided.filter(({ name }) => MAIN_SUBJECTS.includes(name));
  return main.length > 0 && workload.baseline === undefined ? main : divided;
}

/** Those that they are compared with. */
function otherSubjects(workload: WorkloadResult): SubjectResult[] {
  const own = ownSubjects(workload);
  const others = workload.subjects.filter((subject) => !own.includes(subject) && subject.failure === null);
  // Commands to start ringway differ among themselves only.
  return others.some(({ isOurs }) => !isOurs) ? inOrder(others) : [];
}

function comparedMetrics({ metrics }: WorkloadResult): Metric[] {
  return metrics.filter(({ role }) => role === "compared");
}

/** The figure of a workload that is most ringway's own doing. */
function mainMetric(workload: WorkloadResult): Metric | undefined {
  const compared = comparedMetrics(workload);
  return compared.find(({ key }) => key === "cpu") ?? compared[0];
}

/** What `tcp-latency` compares with. */
const WITHOUT_PROXY = "direct";

/** A table for each of ringway's runtimes with one median of each workload. */
function formatGlance(workloads: readonly WorkloadResult[]): string {
  const others = new Set(workloads.flatMap(otherSubjects).map(({ name }) => name));
  others.delete(WITHOUT_PROXY);
  const peers = inOrder([...others].map((name) => ({ name })));
  const names = [...new Set(workloads.flatMap(ownSubjects).map(({ name }) => name))];
  const tables = names.flatMap((name) => {
    const rows = workloads.flatMap((workload) => glanceRow(workload, name, peers));
    const header = [`${escapeMarkdown(name)} divided by`, ...peers.map((peer) => escapeMarkdown(peer.name))];
    return rows.length === 0 ? [] : [markdownTable(header, rows)];
  });
  if (tables.length === 0) return "";
  return ["## At a glance\n", "Medians of the ratios within a round.\n", ...tables].join("\n");
}

function glanceRow(workload: WorkloadResult, name: string, peers: readonly { readonly name: string }[]): string[][] {
  const metric = mainMetric(workload);
  const own = workload.subjects.find((subject) => subject.name === name);
  if (metric === undefined || own === undefined) return [];
  const others = otherSubjects(workload);
  const cells = peers.map((peer) => {
    const other = others.find((subject) => subject.name === peer.name);
    const ratio = other === undefined ? null : ratioOf(own, other, metric.key);
    return ratio === null ? "" : formatNumber(ratio.median);
  });
  if (cells.every((cell) => cell === "")) return [];
  return [[`${escapeMarkdown(workload.name)}, ${escapeMarkdown(metric.label)}`, ...cells]];
}

function formatTargets(targets: readonly TargetResult[]): string {
  if (targets.length === 0) return "None of the workloads that have targets was measured.\n";
  const groups = Map.groupBy(targets, ({ what, sense, limit }) => `${what}\n${sense} ${limit}`);
  const rows = [...groups].map(([key, results]) => {
    const [what = "", limit = ""] = key.split("\n");
    return [escapeMarkdown(what), escapeMarkdown(limit), results.map(formatTarget).join("; ")];
  });
  return markdownTable(["figure", "target", "measured"], rows, 3);
}

function formatTarget({ subject, measured, isReached, absence }: TargetResult): string {
  const name = escapeMarkdown(subject);
  if (measured === null) return `${name} ${absence}`;
  return isReached === true ? `${name} ${formatNumber(measured)} pass` : `${name} **${formatNumber(measured)} missed**`;
}

function formatRatios(workload: WorkloadResult): string {
  const own = ownSubjects(workload);
  const others = otherSubjects(workload);
  const { single, varied } = splitMetrics(comparedMetrics(workload));
  if (own.length === 0 || others.length === 0 || single.length + varied.length === 0) return "";
  if (workload.baseline !== undefined) return formatBaselineRatios(workload, own, others);
  const columns = single.flatMap((metric) => own.map((subject) => ({ metric, subject })));
  const header = ["", ...columns.map(({ metric, subject }) => escapeMarkdown(`${metric.label}, ${subject.name}`))];
  const rows = others.map((other) => [
    `/ ${escapeMarkdown(other.name)}`,
    ...columns.map(({ metric, subject }) => formatSummary(ratioOf(subject, other, metric.key))),
  ]);
  const along = varied.flatMap((metric) => own.map((subject) => formatVariedRatios(metric, subject, others)));
  const table = columns.length === 0 ? [] : [markdownTable(header, rows)];
  return [`### Ratios of ${escapeMarkdown(workload.name)}\n`, ...table, ...along].join("\n");
}

/** Many that are divided by one: a row for each. */
function formatBaselineRatios(
  workload: WorkloadResult,
  own: readonly SubjectResult[],
  others: readonly SubjectResult[],
): string {
  const columns = others.flatMap((other) => comparedMetrics(workload).map((metric) => ({ metric, other })));
  const header = ["", ...columns.map(({ metric, other }) => escapeMarkdown(`${metric.label} / ${other.name}`))];
  const rows = inOrder(own.filter(({ failure }) => failure === null)).map((subject) => [
    escapeMarkdown(subject.name),
    ...columns.map(({ metric, other }) => formatSummary(ratioOf(subject, other, metric.key))),
  ]);
  return `### Ratios of ${escapeMarkdown(workload.name)}\n\n${markdownTable(header, rows)}`;
}

function formatVariedRatios(metric: VariedMetric, own: SubjectResult, others: readonly SubjectResult[]): string {
  const { name, label, values } = metric;
  const header = [escapeMarkdown(`${label}, ${own.name}`), ...values.map(formatValue)];
  const rows = others.map((other) => [
    `/ ${escapeMarkdown(other.name)}`,
    ...values.map((value) => formatSummary(ratioOf(own, other, keyAt(name, value)))),
  ]);
  return markdownTable(header, rows);
}

/** What was varied is a whole number, and exact. */
function formatValue(value: number): string {
  return value.toLocaleString("en-US");
}

function formatFigures(workload: WorkloadResult): string {
  const { name, metrics, skipped, subjects } = workload;
  const title = `### ${escapeMarkdown(name)}\n\n${escapeMarkdown(describeWorkload(workload))}\n`;
  if (skipped !== null) return `${title}\nNot measured: ${escapeMarkdown(skipped)}\n`;
  const valid = inOrder(subjects.filter(({ failure }) => failure === null));
  const remarks = [
    ...subjects
      .filter(({ failure }) => failure !== null)
      .map((subject) => `${subject.name} is void: ${subject.failure}`),
    ...collectNotes(valid),
  ];
  const tables = valid.length === 0 ? [] : formatTables(metrics, valid);
  return [title, ...tables, markdownList(remarks.map(escapeMarkdown))].filter((part) => part !== "").join("\n");
}

/** One table of all that was measured once, and one for each figure that was measured along something. */
function formatTables(metrics: readonly Metric[], subjects: readonly SubjectResult[]): string[] {
  const { single, varied } = splitMetrics(withPercentiles(metrics, subjects));
  const table = (corner: string, columns: readonly (readonly [label: string, key: string, isDetail: boolean])[]) =>
    markdownTable(
      [escapeMarkdown(corner), ...columns.map(([label]) => escapeMarkdown(label))],
      subjects.map((subject) => [
        escapeMarkdown(subject.name),
        ...columns.map(([, key, isDetail]) => formatCell(subject, key, isDetail)),
      ]),
    );
  const once = single.map(({ label, key, role }) => [label, key, role === "detail"] as const);
  return [
    ...(once.length === 0 ? [] : [table("", once)]),
    ...varied.map(({ name, label, role, values }) =>
      table(
        label,
        values.map((value) => [formatValue(value), keyAt(name, value), role === "detail"] as const),
      ),
    ),
  ];
}

const PERCENTILES = ["p50", "p90", "p99", "p999"];

/** With all percentiles that were measured, where the report on the terminal has but one. */
function withPercentiles(metrics: readonly Metric[], subjects: readonly SubjectResult[]): Metric[] {
  return metrics.flatMap((metric) => {
    const [, value] = /^p99((?:At\d+)?)$/.exec(metric.key) ?? [];
    if (value === undefined) return [metric];
    return PERCENTILES.flatMap((percentile): Metric[] => {
      const key = `${percentile}${value}`;
      if (key === metric.key) return [metric];
      const isKnown = metrics.some((known) => known.key === key);
      if (isKnown || subjects.every((subject) => summaryOf(subject, key) === null)) return [];
      const label = metric.label.replace("p99", percentile === "p999" ? "p99.9" : percentile);
      return [{ key, label, role: metric.role }];
    });
  });
}

function formatCell(subject: SubjectResult, key: string, isDetail: boolean): string {
  const summary = summaryOf(subject, key);
  if (!isDetail) return formatSummary(summary);
  return summary === null ? "" : formatNumber(summary.median);
}
