/**
 * The command: from its arguments to its exit code.
 *
 * @module
 */
import process from "node:process";
import type { Logger } from "@logtape/logtape";
import { RingwayError } from "../../ffi/errors.ts";
import { runtime } from "../../ffi/runtime.ts";
import { formatAddress } from "../net/address.ts";
import type { SelectedInterface } from "../net/socket_interface.ts";
import { formatTarget } from "../net/target.ts";
import { VERSION } from "../version.ts";
import { type CommandLine, parseCommandLine } from "./command_line.ts";
import type { LogLevel } from "./config.ts";
import { findConfigFile, loadConfigFile } from "./config_file/load.ts";
import { ConfigFileError } from "./config_file/problem.ts";
import type { CheckedFile } from "./config_file/schema.ts";
import { type DemoUpstream, startDemoUpstream } from "./demo_upstream.ts";
import { importAnew } from "./import_anew.ts";
import { configureLog, counted, logMessage } from "./log.ts";
import { override } from "./overrides.ts";
import { type ClusterConfig, type ServerConfig, serverConfig } from "./server_config.ts";
import { checkProxy, type RunningProxy, startProxy } from "./start_proxy.ts";
import { workerModuleUrl } from "./worker_module.ts";

/**
 * A terminal sends Ctrl-C to every process of its foreground group, and npx and `deno run TASK` pass it
 * on to their child once more: signals this close together are one.
 */
const SAME_SIGNAL_MS = 500;

/** Run the command and end the process: 0, 1 after a failure, 2 after a mistake in the arguments. */
export async function runCommand(arguments_: readonly string[]): Promise<void> {
  const output = {
    out: (text: string) => void process.stdout.write(text),
    error: (text: string) => void process.stderr.write(text),
  };
  const commandLine = parseCommandLine(arguments_, output);
  if ("exitCode" in commandLine) return exit(commandLine.exitCode);
  try {
    const { config, logLevel, file, isFound } = await configure(commandLine);
    const logger = configureLog(logLevel);
    if (isFound) logMessage(logger, "info", `using ${file}, which is in the working directory`);
    if (commandLine.isCheck) await check(config);
    else await serve(config, logger, file === null ? null : () => configureAgain(commandLine, file));
    return exit(0);
  } catch (error) {
    if (error instanceof ConfigFileError) {
      output.error(error.problems.map((problem) => `${problem}\n`).join(""));
      return exit(2);
    }
    // A mistake of the user's is a sentence; a mistake of ours needs the stack.
    const isForUser = error instanceof RingwayError || runtime.isPermissionError(error);
    const text = error instanceof Error ? (isForUser ? error.message : error.stack) : String(error);
    output.error(`ringway: ${text}\n`);
    return exit(1);
  }
}

/** What the options, or a configuration file and the options, say. */
interface Configured {
  readonly config: ServerConfig;
  readonly logLevel: LogLevel;
  /** The file, if there is one. */
  readonly file: string | null;
  /** It is in the working directory, and was not asked for. */
  readonly isFound: boolean;
}

async function configure(commandLine: CommandLine): Promise<Configured> {
  const { configFile, isOpen, config, logLevel } = commandLine;
  const foundFile = configFile === null && isOpen ? findConfigFile() : null;
  const file = configFile ?? foundFile;
  const isFound = foundFile !== null;
  if (file === null) return { config: serverConfig(config), logLevel, file, isFound };
  return { ...withOptions(await loadConfigFile(file), commandLine), file, isFound };
}

/** What the file says now, with the options of the start. */
async function configureAgain(commandLine: CommandLine, file: string): Promise<CheckedFile> {
  return withOptions(await loadConfigFile(file, (name, url) => importAnew(workerModuleUrl(), name, url)), commandLine);
}

function withOptions(loaded: CheckedFile, { given, config, logLevel }: CommandLine): CheckedFile {
  return {
    config: override(loaded.config, config, given),
    logLevel: given.has("logLevel") ? logLevel : loaded.logLevel,
  };
}

/** The runtimes flush what was written before they end. */
function exit(code: number): void {
  process.exit(code);
}

async function check(config: ServerConfig): Promise<void> {
  const selected = await checkProxy(config);
  const features = selected.features.map(({ name, on, reason }) => `  ${name}: ${on ? "on" : `off, ${reason}`}\n`);
  const described = `${describeInterface(selected)}; kernel ${selected.kernel}`;
  process.stdout.write(`ringway ${VERSION}: the configuration is good; ${described}\n${features.join("")}`);
}

async function serve(
  config: ServerConfig,
  logger: Logger,
  readAgain: (() => Promise<CheckedFile>) | null,
): Promise<void> {
  const hasEndpoints = config.clusters.some(({ endpoints }) => endpoints.length > 0);
  const demo = hasEndpoints ? null : await startDemoUpstream();
  const proxy = await startProxy(demo === null ? config : withDemo(config, demo), {
    log: (level, message) => logMessage(logger, level, message),
  });
  const stopped = untilSignalled(proxy, logger);
  // Without a file there is nothing to read again, and the signal does what it does to any program.
  if (readAgain !== null) process.on("SIGHUP", () => void reload(proxy, logger, readAgain));
  process.stdout.write(`${readyLine(config, proxy, demo)}\n`);
  await stopped;
  demo?.close();
}

function withDemo(config: ServerConfig, { target }: DemoUpstream): ServerConfig {
  return {
    ...config,
    clusters: config.clusters.map((cluster) => ({ ...cluster, endpoints: [{ target, weight: 1 }] })),
  };
}

function readyLine(config: ServerConfig, proxy: RunningProxy, demo: DemoUpstream | null): string {
  const addresses = proxy.addresses.map(formatAddress);
  const to = demo === null ? describeClusters(config.clusters) : "the built-in demo";
  const workers = counted(proxy.workers, "worker");
  const line =
    `ringway ${VERSION} ready: ${addresses.join(", ")} -> ${to}; ` +
    `${describeInterface(proxy.socketInterface)}; kernel ${proxy.socketInterface.kernel}; ${workers}; ` +
    `${runtime.name} ${runtime.version}`;
  return demo === null ? line : `${line}; try: curl http://${addresses[0]}/`;
}

/** The endpoints of the only cluster, or the names of all. */
function describeClusters(clusters: readonly ClusterConfig[]): string {
  const [first] = clusters;
  if (first !== undefined && clusters.length === 1)
    return first.endpoints.map(({ target }) => formatTarget(target)).join(", ");
  return `clusters ${clusters.map(({ name }) => name).join(", ")}`;
}

function describeInterface(selected: SelectedInterface): string {
  return `socket interface ${selected.driver} (${selected.reason})`;
}

/** Read the file again, and have what it says. If that can't be, all stays as it is, and the log says why. */
async function reload(proxy: RunningProxy, logger: Logger, readAgain: () => Promise<CheckedFile>): Promise<void> {
  try {
    const { config, logLevel } = await readAgain();
    await proxy.reload(config);
    configureLog(logLevel);
    const { addresses, workers } = proxy;
    const listens = addresses.map(formatAddress).join(", ");
    logMessage(logger, "info", `SIGHUP: the configuration is changed: ${listens}; ${counted(workers, "worker")}`);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    logMessage(logger, "error", `SIGHUP: the configuration stays as it was: ${text}`);
  }
}

/** The first SIGTERM or SIGINT drains the proxy, a second one ends the process at once. */
function untilSignalled(proxy: RunningProxy, logger: Logger): Promise<void> {
  return new Promise((resolve, reject) => {
    let firstMs: number | null = null;
    const onSignal = (signal: string) => {
      const nowMs = performance.now();
      if (firstMs !== null && nowMs - firstMs < SAME_SIGNAL_MS) return;
      if (firstMs !== null) {
        logMessage(logger, "warning", `${signal} again: ending at once`);
        return exit(1);
      }
      firstMs = nowMs;
      const active = proxy.statistics().downstream_connections_active;
      logMessage(logger, "info", `${signal}: accepting no more, waiting for ${counted(active, "connection")}`);
      proxy.drain().then((cut) => {
        if (cut > 0) logMessage(logger, "warning", `the drain timeout is over: ${counted(cut, "connection")} cut off`);
        resolve();
      }, reject);
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
  });
}
