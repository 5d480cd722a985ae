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
  extra: readonly Peer[];
  extraHttp: readonly Peer[];
  json?: string;
  save: boolean;
}

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
  const { only, peers, rounds, seconds, quick, extra, extraHttp, json } = options;
  const base = quick ? QUICK : FULL;
  const workloads = WORKLOADS.filter(({ name }) => only === undefined || only.includes(name));
  const protocols = new Set(workloads.map(({ protocol }) => protocol));
  const wanted = PEERS.filter(({ name, isDefault }) => (peers === undefined ? isDefault : peers.includes(name)));
  return {
    workloads,
    peers: [...wanted, ...extra, ...extraHttp].filter(({ protocol }) => protocols.has(protocol)),
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

function createCommand(output: CommandLineOutput): Command {
  const workloads = WORKLOADS.map(({ name }) => name);
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
    .option("--quick", "a few minutes: fewer rounds, seconds and connections", false)
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
