/**
 * The files of raw results in `bench/results/`: what they are called, what is kept out of them, which one counts.
 *
 * @module
 */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { PROJECT } from "../../test/runner/process.ts";
import type { RunResult, Scope } from "../results.ts";

/** Where they are. */
export const RESULTS_FOLDER: string = `${PROJECT}/bench/results`;

/** A run that was read from a file. */
export interface SavedRun {
  /** The file's name without its folder. */
  readonly name: string;
  readonly run: RunResult;
}

/** Write a run into the folder, without what only concerns the machine's owner. Returns the file's name. */
export async function saveRun(run: RunResult): Promise<string> {
  const name = fileName(run);
  await mkdir(RESULTS_FOLDER, { recursive: true });
  await writeFile(join(RESULTS_FOLDER, name), formatRun(run));
  return name;
}

/** When it began, in UTC, and how much was run: `2030-01-31-1405-full.json`. */
export function fileName({ date, scope }: Pick<RunResult, "date" | "scope">): string {
  const [, day, hour, minute] = /^(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2})/.exec(date) ?? [];
  if (day === undefined) throw new Error(`Not a date: "${date}"`);
  return `${day}-${hour}${minute}-${scope}.json`;
}

/** The text of a file. */
export function formatRun(run: RunResult): string {
  return `${JSON.stringify(withoutMachine(run), null, 1)}\n`;
}

/** Read a file's text. Throws if it is not a run. */
export function parseRun(name: string, text: string): SavedRun {
  const run: unknown = JSON.parse(text);
  const isRun = typeof run === "object" && run !== null && ["machine", "scope", "workloads"].every((key) => key in run);
  if (!isRun) throw new Error(`${name} has no results of the benchmark, or those of another version`);
  return { name, run: run as RunResult };
}

/** Read files of the folder by their names. */
export function readRuns(names: readonly string[]): Promise<SavedRun[]> {
  return Promise.all(names.map(async (name) => parseRun(name, await readFile(join(RESULTS_FOLDER, name), "utf8"))));
}

/** The names of all files. */
export async function savedNames(): Promise<string[]> {
  const names = await readdir(RESULTS_FOLDER).catch(() => []);
  return names.filter((name) => SAVED.test(name)).toSorted();
}

const SAVED = /^\d{4}-\d{2}-\d{2}-\d{4}-(full|quick|part)\.json$/;
const WORTH: readonly string[] = ["quick", "part", "full"] satisfies Scope[];

/** The newest of those that are worth most: a full run more than a part of one, a quick look least. `null`: none. */
export function chooseName(names: readonly string[]): string | null {
  const worth = (name: string): number => WORTH.indexOf(SAVED.exec(name)?.[1] ?? "");
  const [best] = names
    .filter((name) => worth(name) >= 0)
    .toSorted((a, b) => worth(b) - worth(a) || (a < b ? 1 : a > b ? -1 : 0));
  return best ?? null;
}

/** Names, keys and numbers stay as they are; texts that programs have made lose their folders. */
function withoutMachine(run: RunResult): RunResult {
  return {
    ...run,
    command: clean(run.command),
    versions: Object.fromEntries(Object.entries(run.versions).map(([name, text]) => [name, clean(text)])),
    remarks: run.remarks.map(clean),
    workloads: run.workloads.map((workload) => ({
      ...workload,
      skipped: workload.skipped === null ? null : clean(workload.skipped),
      subjects: workload.subjects.map((subject) => ({
        ...subject,
        failure: subject.failure === null ? null : clean(subject.failure),
        samples: subject.samples.map(({ values, notes, raw }) => ({
          values,
          notes: notes.map(clean),
          raw: eachText(raw),
        })),
      })),
    })),
  };
}

function eachText(value: unknown): unknown {
  if (typeof value === "string") return clean(value);
  if (Array.isArray(value)) return value.map(eachText);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, content]) => [key, eachText(content)]));
}

function clean(text: string): string {
  return withoutPlaces(text, hostname());
}

const SYSTEM = /^\/(?:bin|dev|etc|lib|proc|sbin|sys|usr)\//;

/** Of the project's paths what is inside of it, of the system's all, of others the last part; no host name. */
export function withoutPlaces(text: string, host: string): string {
  const paths = text
    .replaceAll(PROJECT, ".")
    .replaceAll(/(?<![\w.:/~-])(?:\/[\w.@+-]+){2,}/g, (path) =>
      SYSTEM.test(path) ? path : `…${path.slice(path.lastIndexOf("/"))}`,
    );
  // Such a name is a word that may mean something else.
  if (host === "localhost" || !/[-\d.]/.test(host)) return paths;
  return paths.replaceAll(host, "HOST");
}
