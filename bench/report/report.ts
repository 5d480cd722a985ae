/**
 * The report: for each workload a table of medians and one of ratios, then the targets.
 *
 * @module
 */
import type { Machine } from "../measurement/machine.ts";
import { type RunResult, ratioOf, type SubjectResult, summaryOf, type WorkloadResult } from "../results.ts";
import type { Metric } from "../workloads/workload.ts";
import { formatNumber, formatSummary } from "./numbers.ts";
import { formatTable } from "./table.ts";
import { checkTargets, type TargetResult } from "./targets.ts";

/** The whole report. */
export function formatReport(run: RunResult): string {
  const parts = [formatHead(run), ...run.workloads.map(formatWorkload)];
  const targets = checkTargets(run.workloads, run.references);
  if (targets.length > 0) parts.push(formatTargets(targets));
  return parts.join("\n");
}

function formatHead({ machine, versions, settings, remarks }: RunResult): string {
  const programs = Object.entries(versions).map(([name, version]) => `  ${name}: ${version}\n`);
  return [
    `${formatMachine(machine)}\n`,
    `${settings.rounds} rounds (memory: ${settings.memoryRounds}), ${settings.seconds} s each; ` +
      "medians over the rounds (least-most)\n",
    ...remarks.map((remark) => `${remark}\n`),
    ...programs,
  ].join("");
}

function formatMachine({ kernel, processor, processors, memoryMib, frequencyGovernor, load }: Machine): string {
  const governor = frequencyGovernor === null ? "" : `, governor ${frequencyGovernor}`;
  const memory = `${formatNumber(memoryMib)} MiB`;
  return `Linux ${kernel}, ${processors} x ${processor}${governor}, ${memory}, load ${load} before`;
}

function formatWorkload({ name, description, metrics, skipped, subjects }: WorkloadResult): string {
  const title = `${name}: ${description}\n`;
  if (skipped !== null) return `${title}  not measured: ${skipped}\n`;
  const header = ["", ...metrics.map(({ label }) => label)];
  const valid = subjects.filter(({ failure }) => failure === null);
  const rows = valid.map((subject) => [subject.name, ...metrics.map((metric) => formatCell(subject, metric))]);
  const table = rows.length === 0 ? "" : formatTable([header, ...rows]);
  const voids = subjects
    .filter(({ failure }) => failure !== null)
    .map(({ name, failure }) => `  ${name}: void: ${failure}\n`);
  return [title, table, ...voids, formatNotes(valid), formatRatios(valid, metrics)].join("");
}

function formatCell(subject: SubjectResult, { key, role }: Metric): string {
  const summary = summaryOf(subject, key);
  if (role === "detail") return summary === null ? "" : formatNumber(summary.median);
  return formatSummary(summary);
}

/** What is said in several rounds is said once, with how often. */
function formatNotes(subjects: readonly SubjectResult[]): string {
  const lines: string[] = [];
  for (const { name, samples } of subjects) {
    const notes = new Map<string, { readonly text: string; count: number }>();
    for (const text of samples.flatMap((sample) => sample.notes)) {
      const key = text.replaceAll(/\d+/g, "");
      const note = notes.get(key) ?? { text, count: 0 };
      note.count++;
      notes.set(key, note);
    }
    for (const { text, count } of notes.values()) {
      lines.push(`  ${name}: ${text} (${count} of ${samples.length} rounds)\n`);
    }
  }
  return lines.join("");
}

function formatRatios(subjects: readonly SubjectResult[], metrics: readonly Metric[]): string {
  const ours = subjects.filter(({ isOurs }) => isOurs);
  const others = subjects.filter(({ isOurs }) => !isOurs);
  if (ours.length === 0 || others.length === 0) return "";
  const rows = metrics
    .filter(({ role }) => role === "compared")
    .flatMap(({ key, label }) =>
      ours.map((our) => [`${label}, ${our.name}`, ...others.map((other) => formatSummary(ratioOf(our, other, key)))]),
    );
  if (rows.length === 0) return "";
  const header = ["ratio of rounds", ...others.map(({ name }) => `/ ${name}`)];
  return formatTable([header, ...rows]);
}

function formatTargets(targets: readonly TargetResult[]): string {
  const rows = targets.map(({ subject, what, measured, limit, sense, isReached }) => [
    isReached === null ? "not measured" : isReached ? "pass" : "missed",
    subject,
    what,
    measured === null ? "" : formatNumber(measured),
    `${sense} ${limit}`,
  ]);
  return `targets\n${formatTable(rows, 3)}`;
}
