/**
 * The benchmark's options.
 *
 * @module
 */
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { PEERS } from "./peers/catalog.ts";
import { parseExtra } from "./peers/extra.ts";
import type { Peer, Protocol } from "./peers/peer.ts";
import type { Scope } from "./results.ts";
import { FULL, QUICK, type Settings } from "./settings.ts";
import { WORKLOADS } from "./workloads/catalog.ts";
import type { Workload } from "./workloads/workload.ts";

/** What the command line asks for. */
export interface CommandLine {
  readonly workloads: readonly Workload[];
  /** In the order in which they are measured; those that the workloads need. */
  readonly peers: readonly Peer[];
  /** The peers that a workload is measured on. */
  peersOf(workload: Workload): readonly Peer[];
  /** Is only the guard to be run, instead of everything? */
  readonly isGuard: boolean;
  readonly settings: Settings;
  /** Where the raw results go; `null`: nowhere. */
  readonly json: string | null;
  /** Are they kept in the repository? */
  readonly isSaved: boolean;
  /** The command itself. */
  readonly command: string;
  readonly scope: Scope;
}

/** Nothing is to be run: text was printed, and this is the exit code. */
export interface CommandLineExit {
  readonly exitCode: 0 | 2;
}

/** Where help and mistakes go. */
export interface CommandLineOutput {
  out(text: string): void;
  error(text: string): void;
}

interface Options {
  only?: readonly string[];
  peers?: readonly string[];
  rounds?: number;
  seconds?: number;
  quick: boolean;
  syscalls: boolean;
  guard: boolean;
  extra: readonly Peer[];
  extraHttp: readonly Peer[];
  json?: string;
  save: boolean;
}

/** The beginning of the workloads that `--syscalls` adds. */
const SYSCALLS = "syscalls-";

/** Read the arguments behind the command's name. */
export function parseCommandLine(
  arguments_: readonly string[],
  output: CommandLineOutput,
): CommandLine | CommandLineExit {
  const command = createCommand(output);
  try {
    command.parse(arguments_, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { exitCode: error.exitCode === 0 ? 0 : 2 };
  }
  const options = command.opts<Options>();
  const { peers, rounds, seconds, quick, guard, extra, extraHttp, json } = options;
  const base = quick ? QUICK : FULL;
  const workloads = WORKLOADS.filter((workload) => isWanted(workload, options));
  const all = [...PEERS, ...extra, ...extraHttp];
  const peersOf = (workload: Workload): Peer[] => {
    const names = peers ?? usualPeers(workload, quick);
    const isMeasured = ({ name, isReference, isDefault }: Peer): boolean =>
      isReference || (names?.includes(name) ?? isDefault);
    return all.filter((peer) => peer.protocol === workload.protocol && isMeasured(peer));
  };
  const needed = new Set(workloads.flatMap(peersOf));
  return {
    workloads,
    peers: all.filter((peer) => needed.has(peer)),
    peersOf,
    isGuard: guard,
    settings: {
      ...base,
      rounds: rounds ?? base.rounds,
      memoryRounds: rounds ?? base.memoryRounds,
      seconds: seconds ?? base.seconds,
    },
    json: json ?? null,
    isSaved: options.save,
    command: ["npx bun run bench", ...arguments_.map(quote)].join(" "),
    scope: scopeOf(options),
  };
}

function isWanted({ name, occasion = "full" }: Workload, { only, quick, syscalls }: Options): boolean {
  if (syscalls && name.startsWith(SYSCALLS)) return true;
  if (only !== undefined) return only.includes(name);
  return occasion === "always" || (occasion === "full" && !quick);
}

function usualPeers({ usualPeers, quickPeers }: Workload, isQuick: boolean): readonly string[] | undefined {
  return isQuick ? (quickPeers ?? usualPeers) : usualPeers;
}

function createCommand(output: CommandLineOutput): Command {
  const workloads = WORKLOADS.map(({ name, occasion }) => (occasion === "named" ? `${name} (not by default)` : name));
  const peers = new Set(PEERS.map(({ name, isDefault }) => (isDefault ? name : `${name} (not by default)`)));
  return new Command("bench")
    .description(
      "Measures ringway's proxies and their peers side by side. Progress goes to standard error, the report to " +
        "standard output.",
    )
    .helpOption("-h, --help", "print this help")
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: output.out, writeErr: output.error })
    .showHelpAfterError("(--help lists all options)")
    .option("--only <WORKLOAD,...>", 'measure only these; "http" is all that begin with "http-"', workloadNames)
    .option("--peers <NAME,...>", "measure only these", peerNames)
    .option("--rounds <N>", `how often each is measured (default: ${FULL.rounds})`, wholeNumber)
    .option("--seconds <S>", `how long each measurement takes (default: ${FULL.seconds})`, wholeNumber)
    .option("--quick", "below three minutes: what matters most, on fewer peers, in fewer rounds and seconds", false)
    .option("--syscalls", "also count system calls per request, in runs of their own", false)
    .option("--guard", "only compare ringway with the limit, and fail if it costs twice as much", false)
    .option(
      "--extra <NAME=COMMAND>",
      "another TCP proxy; {listen} and {upstream} in its command become port numbers; repeatable",
      collectExtra("tcp"),
      [],
    )
    .option("--extra-http <NAME=COMMAND>", "the same for an HTTP reverse proxy", collectExtra("http"), [])
    .option("--json <FILE>", "write all raw results to a file")
    .option("--save", "keep all raw results in bench/results/, and write bench/RESULTS.md and its charts", false)
    .addHelpText("after", `\nWorkloads: ${workloads.join(", ")}\nPeers: ${[...peers].join(", ")}`);
}

function peerNames(text: string): string[] {
  return chooseNames(PEERS, text, (name, wanted) => name === wanted);
}

function workloadNames(text: string): string[] {
  return chooseNames(WORKLOADS, text, (name, wanted) => name === wanted || name.startsWith(`${wanted}-`));
}

/** The known names that those of a list stand for. */
function chooseNames(
  known: readonly { readonly name: string }[],
  list: string,
  isMeant: (name: string, wanted: string) => boolean,
): string[] {
  const names = [...new Set(known.map(({ name }) => name))];
  return list.split(",").flatMap((part) => {
    const wanted = part.trim();
    const meant = names.filter((name) => isMeant(name, wanted));
    if (meant.length > 0) return meant;
    throw new InvalidArgumentError(`"${wanted}" is none of ${names.join(", ")}.`);
  });
}

function wholeNumber(text: string): number {
  const value = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (value > 0) return value;
  throw new InvalidArgumentError("It is a whole number from 1 to 9999.");
}

function collectExtra(protocol: Protocol): (text: string, previous: readonly Peer[]) => Peer[] {
  return (text, previous) => {
    try {
      const extra = parseExtra(text, protocol);
      if ([...PEERS, ...previous].some(({ name }) => name === extra.name)) {
        throw new TypeError(`There is another peer with the name ${extra.name}`);
      }
      return [...previous, extra];
    } catch (error) {
      if (error instanceof TypeError) throw new InvalidArgumentError(`${error.message}.`);
      throw error;
    }
  };
}

function scopeOf({ only, peers, rounds = FULL.rounds, seconds = FULL.seconds, quick }: Options): Scope {
  if (quick || rounds < FULL.rounds || seconds < FULL.seconds) return "quick";
  return only === undefined && peers === undefined ? "full" : "part";
}

/** An argument as a shell needs it. */
function quote(argument: string): string {
  return /^[\w.,:=/-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
