/**
 * The charts of a run.
 *
 * @module
 */
import { type RunResult, type SubjectResult, summaryOf, type WorkloadResult } from "../results.ts";
import { type Bar, barPanel } from "./bar_panel.ts";
import { type Line, linePanel } from "./line_panel.ts";
import { describeProcessor, describeWorkload, describeWorth } from "./machine_text.ts";
import { formatPage, type Panel } from "./panels.ts";
import { inOrder } from "./peer_style.ts";
import { reachesRate } from "./rates.ts";
import { keyAt, splitMetrics } from "./varied.ts";

/** A chart as a file. */
export interface Chart {
  /** The file's name without its ending. */
  readonly name: string;
  readonly title: string;
  readonly svg: string;
}

/** What a chart shows, if it was measured. */
interface ChartPlan {
  readonly name: string;
  readonly title: string;
  /** How to read it. */
  readonly note: string;
  readonly panels: readonly PanelPlan[];
}

/** A workload and a metric of it; with `x`, the beginning of the keys of a metric that was measured along it. */
interface PanelPlan {
  readonly workload: string;
  readonly metric: string;
  readonly along?: { readonly label: string; readonly isLogarithmic: boolean; readonly isRate: boolean };
}

const SPREAD = "A thin line goes from the least to the most of the rounds.";
const PARTS = `Strong colour: user time; faint colour: the kernel's. ${SPREAD}`;
const RATE = { label: "requests per second", isLogarithmic: false, isRate: true } as const;
const BUFFER_SIZE = { label: "bytes of a buffer", isLogarithmic: true, isRate: false } as const;
const QUEUE_SIZE = { label: "entries of the queue", isLogarithmic: true, isRate: false } as const;
const CONNECTIONS = { label: "connections", isLogarithmic: true, isRate: false } as const;

/** The one that matters most, which the README shows. */
export const MAIN_CHART = "cost";

const PLANS: readonly ChartPlan[] = [
  {
    name: MAIN_CHART,
    title: "Processor time per request: less is better",
    note: PARTS,
    panels: panels("cpu", "http-post", "http-4k"),
  },
  {
    name: "cost-other",
    title: "Processor time of other work: less is better",
    note: PARTS,
    panels: [
      ...panels("cpu", "tcp-4k", "http-0", "tcp-64k", "http-64k"),
      ...panels("cpu", "tcp-10m", "http-10m", "tcp-churn", "http-upload"),
    ],
  },
  {
    name: "throughput",
    title: "Throughput: more is better",
    note: SPREAD,
    panels: panels("throughput", "http-post", "http-4k", "tcp-churn", "tcp-4k", "tcp-10m", "http-10m"),
  },
  {
    name: "latency",
    title: "Latency at fixed rates of requests: less is better",
    note: `The vertical axis is logarithmic. Hollow points did not reach the rate. ${SPREAD}`,
    panels: ["p50", "p99"].map((metric) => ({ workload: "http-rate", metric, along: RATE })),
  },
  {
    name: "connections",
    title: "More and more connections",
    note: `Both axes are logarithmic. ${SPREAD}`,
    panels: sweep("sweep-connections", CONNECTIONS),
  },
  {
    name: "read-buffer-size",
    title: "ringway's read-buffer-size",
    note: `Both axes are logarithmic. ${SPREAD}`,
    panels: sweep("sweep-options-read-buffer-size", BUFFER_SIZE),
  },
  {
    name: "io-uring-size",
    title: "ringway's io-uring-size",
    note: `Both axes are logarithmic. ${SPREAD}`,
    panels: sweep("sweep-options-io-uring-size", QUEUE_SIZE),
  },
  {
    name: "experiments",
    title: "What else io_uring can do, tried on the limit: less is better",
    note: PARTS,
    panels: panels(
      "cpu",
      ...["sweep-limit-tcp-4k", "sweep-limit-tcp-10m", "sweep-limit-tcp-churn", "sweep-limit-http-post"],
    ),
  },
  {
    name: "memory",
    title: "Memory of an idle connection: less is better",
    note: `Resident memory; the kernel's buffers are not in it. ${SPREAD}`,
    panels: panels("held", "tcp-idle", "tcp-idle-1k", "http-idle", "http-idle-1k"),
  },
];

function panels(metric: string, ...workloads: readonly string[]): PanelPlan[] {
  return workloads.map((workload) => ({ workload, metric }));
}

function sweep(workload: string, along: NonNullable<PanelPlan["along"]>): PanelPlan[] {
  return ["throughput", "cpu"].map((metric) => ({ workload, metric, along }));
}

/** Those for which something was measured. */
export function drawCharts(run: RunResult): Chart[] {
  return PLANS.flatMap(({ name, title, note, panels }) => {
    const drawn = panels.flatMap((plan) => drawPanel(plan, run));
    const notes = [
      note,
      ...explain(panels, run),
      `${describeProcessor(run.machine)}; ${describeWorth(run)}medians of the rounds.`,
    ];
    return drawn.length === 0 ? [] : [{ name, title, svg: formatPage({ title, notes, panels: drawn }) }];
  });
}

/** What a name does not say by itself. */
function explain(panels: readonly PanelPlan[], { workloads }: RunResult): string[] {
  const shown = workloads.filter(({ name }) => panels.some(({ workload }) => workload === name));
  const hasLimit = shown.some(({ subjects }) => subjects.some(({ name }) => name === "limit"));
  return hasLimit ? ["limit: a program in Zig that only moves bytes, to show what is possible."] : [];
}

function drawPanel(plan: PanelPlan, { workloads }: RunResult): Panel[] {
  const workload = workloads.find(({ name }) => name === plan.workload);
  if (workload === undefined) return [];
  return plan.along === undefined ? drawBars(workload, plan.metric) : drawLines(workload, plan.metric, plan.along);
}

function drawBars(workload: WorkloadResult, key: string): Panel[] {
  const { name, metrics, subjects } = workload;
  const metric = metrics.find((candidate) => candidate.key === key);
  if (metric === undefined || subjects.every((subject) => summaryOf(subject, key) === null)) return [];
  const bars = inOrder(subjects).map(
    (subject): Bar => ({ name: subject.name, summary: summaryOf(subject, key), strongShare: userShare(subject, key) }),
  );
  return [barPanel({ title: `${name}: ${metric.label}`, subtitle: describeWorkload(workload), bars })];
}

/** The part of processor time that is user time. */
function userShare(subject: SubjectResult, key: string): number | null {
  if (key !== "cpu") return null;
  const [user, system] = ["cpuUser", "cpuSystem"].map((part) => summaryOf(subject, part)?.median);
  return user === undefined || system === undefined || user + system === 0 ? null : user / (user + system);
}

function drawLines(workload: WorkloadResult, name: string, along: NonNullable<PanelPlan["along"]>): Panel[] {
  const metric = splitMetrics(workload.metrics).varied.find((varied) => varied.name === name);
  if (metric === undefined) return [];
  const lines = inOrder(workload.subjects).map(
    (subject): Line => ({
      name: subject.name,
      points: metric.values.flatMap((x) => {
        const summary = summaryOf(subject, keyAt(name, x));
        return summary === null ? [] : [{ x, summary, isHollow: along.isRate && !reachesRate(subject, x) }];
      }),
    }),
  );
  if (lines.every(({ points }) => points.length === 0)) return [];
  const title = `${workload.name}: ${metric.label}`;
  const axis = { xLabel: along.label, isXLogarithmic: along.isLogarithmic };
  return [linePanel({ title, subtitle: describeWorkload(workload), ...axis, lines })];
}
