/**
 * The benchmark's options.
 *
 * @module
 */
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { PEERS } from "./peers/catalog.ts";
import { parseExtra } from "./peers/extra.ts";
import type { Peer } from "./peers/peer.ts";
import { FULL, QUICK, type Settings } from "./settings.ts";
import { WORKLOADS } from "./workloads/catalog.ts";
import type { Workload } from "./workloads/workload.ts";

/** What the command line asks for. */
export interface CommandLine {
  readonly workloads: readonly Workload[];
  /** In the order in which they are measured. */
  readonly peers: readonly Peer[];
  readonly settings: Settings;
  /** Where the raw results go; `null`: nowhere. */
  readonly json: string | null;
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
  json?: string;
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
  const { only, peers, rounds, seconds, quick, extra, json } = command.opts<Options>();
  const base = quick ? QUICK : FULL;
  return {
    workloads: WORKLOADS.filter(({ name }) => only === undefined || only.includes(name)),
    peers: [
      ...PEERS.filter(({ name, isDefault }) => (peers === undefined ? isDefault : peers.includes(name))),
      ...extra,
    ],
    settings: {
      ...base,
      rounds: rounds ?? base.rounds,
      memoryRounds: rounds ?? base.memoryRounds,
      seconds: seconds ?? base.seconds,
    },
    json: json ?? null,
  };
}

function createCommand(output: CommandLineOutput): Command {
  const workloads = WORKLOADS.map(({ name }) => name);
  const peers = PEERS.map(({ name, isDefault }) => (isDefault ? name : `${name} (not by default)`));
  return new Command("bench")
    .description(
      "Measures ringway's TCP proxy and its peers side by side. Progress goes to standard error, the report to " +
        "standard output.",
    )
    .helpOption("-h, --help", "print this help")
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: output.out, writeErr: output.error })
    .showHelpAfterError("(--help lists all options)")
    .option("--only <WORKLOAD,...>", "measure only these", names(WORKLOADS))
    .option("--peers <NAME,...>", "measure only these", names(PEERS))
    .option("--rounds <N>", `how often each is measured (default: ${FULL.rounds})`, wholeNumber)
    .option("--seconds <S>", `how long each measurement takes (default: ${FULL.seconds})`, wholeNumber)
    .option("--quick", "a few minutes: fewer rounds, seconds and connections", false)
    .option(
      "--extra <NAME=COMMAND>",
      "another TCP proxy; {listen} and {upstream} in its command become port numbers; repeatable",
      collectExtra,
      [],
    )
    .option("--json <FILE>", "write all raw results to a file")
    .addHelpText("after", `\nWorkloads: ${workloads.join(", ")}\nPeers: ${peers.join(", ")}`);
}

function names(known: readonly { readonly name: string }[]): (text: string) => string[] {
  return (text) => {
    const wanted = text.split(",").map((name) => name.trim());
    for (const name of wanted) {
      if (!known.some((one) => one.name === name)) {
        throw new InvalidArgumentError(`"${name}" is none of ${known.map((one) => one.name).join(", ")}.`);
      }
    }
    return wanted;
  };
}

function wholeNumber(text: string): number {
  const value = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (value > 0) return value;
  throw new InvalidArgumentError("It is a whole number from 1 to 9999.");
}

function collectExtra(text: string, previous: readonly Peer[]): Peer[] {
  try {
    const extra = parseExtra(text);
    if ([...PEERS, ...previous].some(({ name }) => name === extra.name)) {
      throw new TypeError(`There is another peer with the name ${extra.name}`);
    }
    return [...previous, extra];
  } catch (error) {
    if (error instanceof TypeError) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
}
