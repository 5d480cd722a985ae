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
import { VERSION } from "../version.ts";
import { parseCommandLine } from "./command_line.ts";
import type { ProxyConfig } from "./config.ts";
import { type DemoUpstream, startDemoUpstream } from "./demo_upstream.ts";
import { configureLog, logMessage } from "./log.ts";
import { checkProxy, type RunningProxy, startProxy } from "./start_proxy.ts";
import { formatTarget } from "./target.ts";

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
  const logger = configureLog(commandLine.logLevel);
  try {
    if (commandLine.isCheck) await check(commandLine.config);
    else await serve(commandLine.config, logger);
    return exit(0);
  } catch (error) {
    // A mistake of the user's is a sentence; a mistake of ours needs the stack.
    const text = error instanceof RingwayError ? error.message : error instanceof Error ? error.stack : String(error);
    output.error(`ringway: ${text}\n`);
    return exit(1);
  }
}

/** The runtimes flush what was written before they end. */
function exit(code: number): void {
  process.exit(code);
}

async function check(config: ProxyConfig): Promise<void> {
  const selected = await checkProxy(config);
  const features = selected.features.map(({ name, on, reason }) => `  ${name}: ${on ? "on" : `off, ${reason}`}\n`);
  const described = `${describeInterface(selected)}; kernel ${selected.kernel}`;
  process.stdout.write(`ringway ${VERSION}: the configuration is good; ${described}\n${features.join("")}`);
}

async function serve(config: ProxyConfig, logger: Logger): Promise<void> {
  const demo = config.to.length === 0 ? await startDemoUpstream() : null;
  const proxy = await startProxy(demo === null ? config : { ...config, to: [demo.target] }, {
    log: (level, message) => logMessage(logger, level, message),
  });
  const stopped = untilSignalled(proxy, logger);
  process.stdout.write(`${readyLine(config, proxy, demo)}\n`);
  await stopped;
  demo?.close();
}

function readyLine(config: ProxyConfig, proxy: RunningProxy, demo: DemoUpstream | null): string {
  const addresses = proxy.addresses.map(formatAddress);
  const to = demo === null ? config.to.map(formatTarget).join(", ") : "the built-in demo";
  const workers = `${proxy.workers} ${proxy.workers === 1 ? "worker" : "workers"}`;
  const line =
    `ringway ${VERSION} ready: ${addresses.join(", ")} -> ${to}; ` +
    `${describeInterface(proxy.socketInterface)}; kernel ${proxy.socketInterface.kernel}; ${workers}; ` +
    `${runtime.name} ${runtime.version}`;
  return demo === null ? line : `${line}; try: curl http://${addresses[0]}/`;
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
      logMessage(logger, "info", `${signal}: accepting no more, waiting for ${active} connections`);
      proxy.drain().then((cut) => {
        if (cut > 0) logMessage(logger, "warning", `the drain timeout is over: ${cut} connections were cut off`);
        resolve();
      }, reject);
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
  });
}
