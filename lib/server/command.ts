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
import { type DemoUpstream, startDemoUpstream } from "./demo_upstream.ts";
import { configureLog, counted, logMessage } from "./log.ts";
import { override } from "./overrides.ts";
import { type ClusterConfig, type ServerConfig, serverConfig } from "./server_config.ts";
import { checkProxy, type RunningProxy, startProxy } from "./start_proxy.ts";

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
    const { config, logLevel, foundFile } = await configure(commandLine);
    const logger = configureLog(logLevel);
    if (foundFile !== null) logMessage(logger, "info", `using ${foundFile}, which is in the working directory`);
    if (commandLine.isCheck) await check(config);
    else await serve(config, logger);
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
  /** A file that was not asked for. */
  readonly foundFile: string | null;
}

async function configure(commandLine: CommandLine): Promise<Configured> {
  const { configFile, isOpen, given, config, logLevel } = commandLine;
  const foundFile = configFile === null && isOpen ? findConfigFile() : null;
  const file = configFile ?? foundFile;
  if (file === null) return { config: serverConfig(config), logLevel, foundFile };
  const loaded = await loadConfigFile(file);
  return {
    config: override(loaded.config, config, given),
    logLevel: given.has("logLevel") ? logLevel : loaded.logLevel,
    foundFile,
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

async function serve(config: ServerConfig, logger: Logger): Promise<void> {
  const hasEndpoints = config.clusters.some(({ endpoints }) => endpoints.length > 0);
  const demo = hasEndpoints ? null : await startDemoUpstream();
  const proxy = await startProxy(demo === null ? config : withDemo(config, demo), {
    log: (level, message) => logMessage(logger, level, message),
  });
  const stopped = untilSignalled(proxy, logger);
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
