/**
 * The report: for each workload a table of medians and one of ratios, then the targets.
 *
 * @module
 */
import { isDivided, type RunResult, ratioOf, type SubjectResult, summaryOf, type WorkloadResult } from "../results.ts";
import type { Metric } from "../workloads/workload.ts";
import { describeMachine, describeRounds } from "./machine_text.ts";
import { collectNotes } from "./notes.ts";
import { formatNumber, formatSummary } from "./numbers.ts";
import { formatTable } from "./table.ts";
import type { TargetResult } from "./target.ts";
import { checkTargets } from "./targets.ts";

/** The whole report. */
export function formatReport(run: RunResult): string {
  const parts = [formatHead(run), ...run.workloads.map(formatWorkload)];
  const targets = checkTargets(run.workloads, run.references);
  if (targets.length > 0) parts.push(formatTargets(targets));
  return parts.join("\n");
}

function formatHead(run: RunResult): string {
  const programs = Object.entries(run.versions).map(([name, version]) => `  ${name}: ${version}\n`);
  return [
    `${describeMachine(run.machine)}\n`,
    `${describeRounds(run)} (least-most)\n`,
    ...run.remarks.map((remark) => `${remark}\n`),
    ...programs,
  ].join("");
}

function formatWorkload(workload: WorkloadResult): string {
  const { name, description, metrics, skipped, subjects } = workload;
  const title = `${name}: ${description}\n`;
  if (skipped !== null) return `${title}  not measured: ${skipped}\n`;
  const header = ["", ...metrics.map(({ label }) => label)];
  const valid = subjects.filter(({ failure }) => failure === null);
  const rows = valid.map((subject) => [subject.name, ...metrics.map((metric) => formatCell(subject, metric))]);
  const table = rows.length === 0 ? "" : formatTable([header, ...rows]);
  const voids = subjects
    .filter(({ failure }) => failure !== null)
    .map(({ name, failure }) => `  ${name}: void: ${failure}\n`);
  const notes = collectNotes(valid).map((note) => `  ${note}\n`);
  return [title, table, ...voids, ...notes, formatRatios(valid, workload)].join("");
}

function formatCell(subject: SubjectResult, { key, role }: Metric): string {
  const summary = summaryOf(subject, key);
  if (role === "detail") return summary === null ? "" : formatNumber(summary.median);
  return formatSummary(summary);
}

function formatRatios(subjects: readonly SubjectResult[], workload: WorkloadResult): string {
  const divided = subjects.filter((subject) => isDivided(subject, workload));
  const others = subjects.filter((subject) => !isDivided(subject, workload));
  if (divided.length === 0 || others.length === 0) return "";
  const rows = workload.metrics
    .filter(({ role }) => role === "compared")
    .flatMap(({ key, label }) =>
      divided.map((subject) => [
        `${label}, ${subject.name}`,
        ...others.map((other) => formatSummary(ratioOf(subject, other, key))),
      ]),
    );
  if (rows.length === 0) return "";
  const header = ["ratio of rounds", ...others.map(({ name }) => `/ ${name}`)];
  return formatTable([header, ...rows]);
}

function formatTargets(targets: readonly TargetResult[]): string {
  const rows = targets.map(({ subject, what, measured, limit, sense, isReached, absence }) => [
    isReached === null ? absence : isReached ? "pass" : "missed",
    subject,
    what,
    measured === null ? "" : formatNumber(measured),
    `${sense} ${limit}`,
  ]);
  return `targets\n${formatTable(rows, 3)}`;
}
