/**
 * Measures a workload: all its subjects side by side, in interleaved rounds (A B C, A B C, ...), so that what
 * changes on the machine over time meets all of them.
 *
 * @module
 */
import { formatNumber } from "./report/numbers.ts";
import type { SubjectResult, WorkloadResult } from "./results.ts";
import type { Sample, Subject, SubjectPlan, Workload, WorkloadContext } from "./workloads/workload.ts";

/** A subject while it is measured. */
interface Measured {
  readonly plan: SubjectPlan;
  subject: Subject | null;
  readonly samples: Sample[];
  failure: string | null;
}

/** Measure it. A subject that fails once is void and not measured any more. */
export async function measureWorkload(
  workload: Workload,
  context: WorkloadContext,
  report: (text: string) => void,
): Promise<WorkloadResult> {
  const { name, metrics, baseline } = workload;
  const skipped = workload.whyNot(context.environment);
  const head = { name, description: workload.describe(context), ...(baseline === undefined ? {} : { baseline }) };
  if (skipped !== null) return { ...head, metrics, skipped, subjects: [] };
  const all: Measured[] = workload
    .subjects(context)
    .map((plan) => ({ plan, subject: null, samples: [], failure: null }));
  const attempt = async (measured: Measured, what: string, body: () => Promise<string>): Promise<void> => {
    if (measured.failure !== null) return;
    const prefix = `${name}: ${what}: ${measured.plan.name}`;
    report(prefix);
    try {
      report(`${prefix}: ${await body()}`);
    } catch (error) {
      // What a program said before it ended may have many lines.
      measured.failure = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, " ");
      report(`${prefix}: void: ${measured.failure}`);
    }
  };
  try {
    for (const measured of all) {
      await attempt(measured, "warm-up", async () => {
        measured.subject = await measured.plan.open();
        await measured.subject.warmUp();
        return "done";
      });
    }
    const rounds = workload.rounds?.(context.settings) ?? context.settings.rounds;
    for (let round = 1; round <= rounds; round++) {
      for (const measured of all) {
        await attempt(measured, `round ${round} of ${rounds}`, async () => {
          const sample = await (measured.subject as Subject).measure();
          measured.samples.push(sample);
          return metrics
            .filter(({ key, role }) => role !== "detail" && key in sample.values)
            .map(({ key, label }) => `${formatNumber(sample.values[key] ?? Number.NaN)} ${label}`)
            .join(", ");
        });
      }
    }
  } finally {
    for (const { subject } of all) await subject?.close();
  }
  const subjects = all.map(toResult);
  return { ...head, metrics: metrics.filter(({ key }) => isMeasured(subjects, key)), skipped, subjects };
}

/** Has any sample a figure for it? Without samples, all count. */
function isMeasured(subjects: readonly SubjectResult[], key: string): boolean {
  const samples = subjects.flatMap(({ samples }) => samples);
  return samples.length === 0 || samples.some(({ values }) => key in values);
}

function toResult({ plan: { name, isOurs }, samples, failure }: Measured): SubjectResult {
  return { name, isOurs, samples, failure };
}
