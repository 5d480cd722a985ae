/**
 * The command's options, read into a configuration.
 *
 * @module
 */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { RingwayError } from "../../ffi/errors.ts";
import type { RequestedInterface } from "../net/socket_interface.ts";
import { parseTarget, parseUpstream, TargetError, type Upstream } from "../net/target.ts";
import type { BalancerName } from "../proxy/cluster_options.ts";
import { lineFormat } from "../proxy/http/access_log_format.ts";
import { VERSION } from "../version.ts";
import { type AddressTarget, defaultProxyConfig, LOG_LEVELS, type LogLevel, type ProxyConfig } from "./config.ts";
import type { GivenOptions } from "./overrides.ts";

/** What the command line asks for. */
export interface CommandLine {
  /** A configuration file, which says everything that is not among {@linkcode given}. */
  readonly configFile: string | null;
  /** No option says what to relay: a configuration file may be looked for. */
  readonly isOpen: boolean;
  /** The options that were given, not left to their defaults. */
  readonly given: GivenOptions;
  /** The proxy's configuration; without `to`, a demo upstream is to be started. */
  readonly config: ProxyConfig;
  /** How much is logged. */
  readonly logLevel: LogLevel;
  /** Only check, do not start. */
  readonly isCheck: boolean;
}

/** The command line asks for nothing to be run: text was printed, and this is the exit code. */
export interface CommandLineExit {
  /** 0 after help or version, 2 after a mistake. */
  readonly exitCode: 0 | 2;
}

/** Where text goes. */
export interface CommandLineOutput {
  /** For help and version. */
  out(text: string): void;
  /** For mistakes. */
  error(text: string): void;
}

/** Without `--listen`. */
const DEFAULT_LISTEN: AddressTarget = { family: "name", host: "127.0.0.1", port: 10000 };

interface Options {
  config?: string;
  listen?: AddressTarget[];
  to?: Upstream[];
  workers: number | "auto";
  socketInterface: RequestedInterface;
  ioUringSize: number;
  acceptSize: number;
  readBufferSize: number;
  writeTimeoutMs: number;
  useSubmissionQueuePolling: boolean;
  balance: BalancerName;
  headTimeoutMs: number;
  keepAliveTimeoutMs: number;
  responseTimeoutMs: number;
  streamIdleTimeoutMs: number;
  upstreamConnections: number;
  upstreamIdleTimeoutMs: number;
  requestsPerConnection: number;
  pendingRequests: number;
  pendingTimeoutMs: number;
  trustedHops: number;
  forwarded: boolean;
  reusePort: boolean;
  connectAttempts: number;
  connectTimeoutMs: number;
  idleTimeoutMs: number;
  drainTimeoutMs: number;
  dnsRefreshMs: number;
  maxConnections: number;
  backlog: number;
  accessLog?: string;
  accessLogFormat: string;
  logLevel: LogLevel;
  check: boolean;
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
  const {
    config: configFile = null,
    listen = [],
    to = [],
    balance,
    maxConnections,
    logLevel,
    check,
    ...rest
  } = options;
  const { ioUringSize, acceptSize, readBufferSize, writeTimeoutMs, useSubmissionQueuePolling, ...others } = rest;
  const { workers, socketInterface, connectAttempts, connectTimeoutMs, idleTimeoutMs, ...moreOthers } = others;
  const { drainTimeoutMs, dnsRefreshMs, backlog, accessLog = "", accessLogFormat: format, ...moreHttp } = moreOthers;
  const { forwarded: writesForwarded, reusePort, ...http } = moreHttp;
  const protocol = to[0]?.protocol ?? "tcp";
  const other = to.find((upstream) => upstream.protocol !== protocol);
  if (other !== undefined) {
    output.error(`error: --to has endpoints for ${protocol} and for ${other.protocol}: one proxy relays one of them\n`);
    return { exitCode: 2 };
  }
  const isOpen = listen.length === 0 && to.length === 0;
  if (configFile !== null && !isOpen) {
    output.error("error: --config goes without --listen and --to: the file says where to listen and what to relay\n");
    return { exitCode: 2 };
  }
  if (accessLog !== "" && protocol !== "http" && !isOpen) {
    output.error("error: --access-log has a line for each HTTP request: write --to http://HOST:PORT\n");
    return { exitCode: 2 };
  }
  return {
    configFile,
    isOpen,
    given: givenOptions(command),
    config: {
      workers,
      socketInterface,
      connectAttempts,
      connectTimeoutMs,
      idleTimeoutMs,
      drainTimeoutMs,
      dnsRefreshMs,
      backlog,
      accessLog,
      accessLogFormat: format,
      protocol,
      overload: defaultProxyConfig.overload,
      http: { ...defaultProxyConfig.http, ...http, writesForwarded },
      listen: listen.length > 0 ? listen : [DEFAULT_LISTEN],
      reusePort,
      to: to.map(({ target }) => target),
      balancer: balance,
      maximumConnections: maxConnections,
      ioUring: { ioUringSize, acceptSize, readBufferSize, writeTimeoutMs, useSubmissionQueuePolling },
    },
    logLevel,
    isCheck: check,
  };
}

/** Options whose names differ from those of the configuration. */
const CONFIG_NAMES: Readonly<Record<string, string>> = {
  balance: "balancer",
  maxConnections: "maximumConnections",
  forwarded: "writesForwarded",
};

function givenOptions(command: Command): GivenOptions {
  const names = Object.keys(command.opts()).filter((name) => command.getOptionValueSource(name) === "cli");
  return new Set(names.map((name) => CONFIG_NAMES[name] ?? name));
}

function createCommand(output: CommandLineOutput): Command {
  const { ioUring, http, ...defaults } = defaultProxyConfig;
  return new Command("ringway")
    .description("A proxy on Linux io_uring: relays HTTP requests or TCP connections to one or more endpoints.")
    .version(`ringway ${VERSION}`, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: output.out, writeErr: output.error })
    .showHelpAfterError("(--help lists all options)")
    .option(
      "-c, --config <FILE>",
      "a configuration file in YAML or TypeScript (default: ringway.yaml or ringway.config.ts, if it is here)",
    )
    .option(
      "-l, --listen <HOST:PORT>",
      "where to accept connections; also [IPV6]:PORT, unix:PATH; repeatable (default: 127.0.0.1:10000)",
      collect(parseTarget),
    )
    .option(
      "--reuse-port",
      "let a new process of the same user listen beside this one, to take over from it",
      defaults.reusePort,
    )
    .option(
      "-t, --to <SCHEME://HOST:PORT>",
      "an endpoint: http://, tcp://, or unix:PATH for TCP; SCHEME://srv:NAME for DNS SRV records; repeatable " +
        "(default: a built-in demo)",
      collect(parseUpstream),
    )
    .option("-w, --workers <N|auto>", "worker threads; auto: one per processor", workers, defaults.workers)
    .addOption(
      choice(
        "--socket-interface <NAME>",
        "how bytes are moved: io_uring, or the runtime's sockets",
        ["auto", "uring", "default"],
        defaults.socketInterface,
      ),
    )
    .option("--io-uring-size <N>", "entries of a worker's submission queue", integer(8, 32768), ioUring.ioUringSize)
    .option(
      "--accept-size <N>",
      "pending accepts per listener on kernels without multishot accept",
      integer(1, 1024),
      ioUring.acceptSize,
    )
    .option("--read-buffer-size <BYTES>", "size of a receive buffer", integer(1024, 1 << 20), ioUring.readBufferSize)
    .option(
      "--write-timeout-ms <MS>",
      "how long a closing connection may take to send what is queued; 0: no limit",
      milliseconds,
      ioUring.writeTimeoutMs,
    )
    .option(
      "--use-submission-queue-polling",
      "let a kernel thread poll for submissions (costs a core per worker)",
      ioUring.useSubmissionQueuePolling,
    )
    .addOption(
      choice(
        "--balance <NAME>",
        "how connections, or requests, are spread over endpoints; ring-hash, maglev: by the client's address",
        ["round-robin", "least-connections", "least-request", "random", "ring-hash", "maglev"],
        defaults.balancer,
      ),
    )
    .option(
      "--connect-attempts <N>",
      "endpoints that are tried for a connection",
      integer(1, 1000),
      defaults.connectAttempts,
    )
    .option(
      "--connect-timeout-ms <MS>",
      "how long connecting to an endpoint may take; 0: as long as the kernel tries",
      milliseconds,
      defaults.connectTimeoutMs,
    )
    .option(
      "--idle-timeout-ms <MS>",
      "how long a TCP connection may be without bytes; 0: for ever",
      milliseconds,
      defaults.idleTimeoutMs,
    )
    .option("--head-timeout-ms <MS>", "HTTP: how long the head of a request may take", milliseconds, http.headTimeoutMs)
    .option(
      "--keep-alive-timeout-ms <MS>",
      "HTTP: how long a client's connection may be without a request",
      milliseconds,
      http.keepAliveTimeoutMs,
    )
    .option(
      "--response-timeout-ms <MS>",
      "HTTP: how long an endpoint may take to respond",
      milliseconds,
      http.responseTimeoutMs,
    )
    .option(
      "--stream-idle-timeout-ms <MS>",
      "HTTP: how long a body or a WebSocket may be without bytes",
      milliseconds,
      http.streamIdleTimeoutMs,
    )
    .option(
      "--upstream-connections <N>",
      "HTTP: connections to one endpoint per worker",
      integer(1, 1 << 20),
      http.upstreamConnections,
    )
    .option(
      "--upstream-idle-timeout-ms <MS>",
      "HTTP: how long a connection to an endpoint is kept without a request",
      milliseconds,
      http.upstreamIdleTimeoutMs,
    )
    .option(
      "--requests-per-connection <N>",
      "HTTP: requests on one connection to an endpoint; 0: no limit",
      integer(0, 1 << 30),
      http.requestsPerConnection,
    )
    .option(
      "--pending-requests <N>",
      "HTTP: requests that wait for a connection to an endpoint, per worker",
      integer(0, 1 << 20),
      http.pendingRequests,
    )
    .option(
      "--pending-timeout-ms <MS>",
      "HTTP: how long a request waits for a connection",
      milliseconds,
      http.pendingTimeoutMs,
    )
    .option(
      "--trusted-hops <N>",
      "HTTP: proxies in front whose X-Forwarded-* are believed",
      integer(0, 100),
      http.trustedHops,
    )
    .option("--forwarded", "HTTP: add the field Forwarded (RFC 7239) to requests too", http.writesForwarded)
    .option(
      "--drain-timeout-ms <MS>",
      "how long connections may go on after SIGTERM or SIGINT",
      milliseconds,
      defaults.drainTimeoutMs,
    )
    .option(
      "--dns-refresh-ms <MS>",
      "how often names are resolved again; 0: never",
      milliseconds,
      defaults.dnsRefreshMs,
    )
    .option(
      "--max-connections <N>",
      "relayed connections at the same time; 0: as many as the limit of open files allows",
      integer(0, 1 << 20),
      defaults.maximumConnections,
    )
    .option("--backlog <N>", "connections that wait in the kernel per worker", integer(1, 65535), defaults.backlog)
    .option(
      "--access-log <FILE>",
      "HTTP: the file that gets a line for each request; -: standard output (default: none)",
    )
    .option(
      "--access-log-format <FORMAT>",
      "HTTP: common, combined, json, or a template such as %time% %method% %target% %status%",
      accessLogFormat,
      defaults.accessLogFormat,
    )
    .addOption(choice("--log-level <LEVEL>", "how much is logged, on standard error", LOG_LEVELS, "info"))
    .option("--check", "check the options, the names and the kernel, and exit", false);
}

function accessLogFormat(text: string): string {
  try {
    lineFormat(text);
    return text;
  } catch (error) {
    if (error instanceof RingwayError) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
}

function choice(flags: string, description: string, choices: readonly string[], initial: string): Option {
  return new Option(flags, description).choices(choices).default(initial);
}

function collect<T>(parse: (text: string) => T): (text: string, previous?: T[]) => T[] {
  return (text, previous = []) => {
    try {
      return [...previous, parse(text)];
    } catch (error) {
      if (error instanceof TargetError) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };
}

function integer(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`);
  };
}

/** A day less than 2^31 milliseconds, which is as far as a runtime's timers go. */
const milliseconds = integer(0, 2_061_083_647);

function workers(text: string): number | "auto" {
  if (text === "auto") return "auto";
  try {
    return integer(1, 250)(text);
  } catch {
    throw new InvalidArgumentError('It is "auto" or a whole number from 1 to 250.');
  }
}
