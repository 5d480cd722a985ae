/**
 * How {@linkcode serve} serves.
 *
 * @module
 */
import { RingwayError } from "../../ffi/errors.ts";
import { defaultHttpLimits, type HttpLimits } from "../http/limits.ts";
import type { SocketAddress } from "../net/address.ts";
import type { Listener, ListenerHandler } from "../net/connection.ts";
import type { AddressLike } from "../sockets/address_like.ts";
import type { Sockets } from "../sockets/sockets.ts";

/** The connection that a request came on. */
export interface ServeInfo {
  /** The client's address; `null` if it has none, as with unix sockets, and once it is gone unless asked before. */
  readonly remoteAddress: SocketAddress | null;
  /** The address that it connected to. */
  readonly localAddress: SocketAddress | null;
}

/** Answers requests. What it throws becomes a response with status 500. */
export type ServeHandler = (request: Request, info: ServeInfo) => Response | Promise<Response>;

/** What a server uses of a `Thread` of `startThreads`. */
export interface ServeThread {
  /** The thread's sockets. */
  readonly sockets: Sockets;
  /** Where all threads listen. */
  readonly addresses: readonly SocketAddress[];
  /** Accept connections on the address with that number. */
  listenWith(handler: ListenerHandler, index?: number): Promise<Listener>;
}

/** How to serve. Times are in milliseconds; 0: without limit. */
export interface ServeOptions {
  /** Where to listen, on one address or several; `127.0.0.1:0`, a port that the system chooses, if not given. */
  readonly listen?: AddressLike | readonly AddressLike[];
  /** The sockets to use, which stay open when the server is closed; without, it opens its own. */
  readonly sockets?: Sockets;
  /**
   * Serve in a thread of `startThreads`: with its sockets, on all addresses of its option `listen`. Then `listen`,
   * `sockets`, `backlog` and `reusePort` have no meaning here.
   */
  readonly thread?: ServeThread;
  /** Bounds for what is kept of a request's head and of what frames its body. */
  readonly limits?: Partial<HttpLimits>;
  /** From the first byte of a request until its head is complete; then 408. 10000 if not given. */
  readonly headTimeoutMs?: number;
  /** How long a connection may be without a request. 75000 if not given. */
  readonly keepAliveTimeoutMs?: number;
  /**
   * How long a request's body may stand still while the handler wants more of it (then 408), and a response while the
   * client takes nothing of it (then the connection is reset). It may take up to twice as long. 60000 if not given.
   */
  readonly bodyTimeoutMs?: number;
  /** Connections at the same time, at the most; more wait in the kernel. 10000 if not given. */
  readonly maximumConnections?: number;
  /** Bytes of a request's body, at the most; then 413. 134217728 (128 MiB) if not given; 0: without limit. */
  readonly maximumBodyBytes?: number;
  /** Bytes of a request's body that are read in vain after its response, before the connection is closed. 262144. */
  readonly lingerBytes?: number;
  /** Connections that wait in the kernel until they are accepted. 4096 if not given. */
  readonly backlog?: number;
  /** Share the port with other processes and threads that do so, too; the kernel picks one per connection. */
  readonly reusePort?: boolean;
  /** Closes the server when it is aborted. */
  readonly signal?: AbortSignal;
  /**
   * The response to a request whose handler threw, instead of a plain 500. What it is given is then its own to report.
   * What it throws is reported to `onProblem`.
   */
  readonly onError?: (error: unknown, request: Request) => Response | Promise<Response>;
  /**
   * Told what no client is told: what the handler threw, if there is no `onError`, and streams of bodies that failed.
   * Without, it is a warning of the process (`process.emitWarning`).
   */
  readonly onProblem?: (problem: RingwayError) => void;
}

/** @internal The options with nothing left open. */
export interface CompleteServeOptions {
  readonly limits: HttpLimits;
  readonly headTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly maximumConnections: number;
  /** Infinity: without limit. */
  readonly maximumBodyBytes: number;
  readonly lingerBytes: number;
  readonly onError: ServeOptions["onError"];
  readonly onProblem: (problem: RingwayError) => void;
}

const DEFAULT_TIMES = { headTimeoutMs: 10_000, keepAliveTimeoutMs: 75_000, bodyTimeoutMs: 60_000 } as const;
const DEFAULT_COUNTS = { maximumConnections: 10_000, maximumBodyBytes: 134_217_728, lingerBytes: 262_144 } as const;

/** @internal Fill in what is not given. Throws a RingwayError for a number that can't be meant. */
export function completeServeOptions(
  options: ServeOptions,
  onProblem: (problem: RingwayError) => void,
): CompleteServeOptions {
  const maximumBodyBytes = wholeNumber(options, "maximumBodyBytes", DEFAULT_COUNTS.maximumBodyBytes, 0);
  return {
    limits: { ...defaultHttpLimits, ...options.limits },
    maximumBodyBytes: maximumBodyBytes === 0 ? Number.POSITIVE_INFINITY : maximumBodyBytes,
    headTimeoutMs: wholeNumber(options, "headTimeoutMs", DEFAULT_TIMES.headTimeoutMs, 0),
    keepAliveTimeoutMs: wholeNumber(options, "keepAliveTimeoutMs", DEFAULT_TIMES.keepAliveTimeoutMs, 0),
    bodyTimeoutMs: wholeNumber(options, "bodyTimeoutMs", DEFAULT_TIMES.bodyTimeoutMs, 0),
    maximumConnections: wholeNumber(options, "maximumConnections", DEFAULT_COUNTS.maximumConnections, 1),
    lingerBytes: wholeNumber(options, "lingerBytes", DEFAULT_COUNTS.lingerBytes, 0),
    onError: options.onError,
    onProblem,
  };
}

/** A number of the options. */
export function wholeNumber<Name extends string>(
  options: Readonly<Partial<Record<Name, unknown>>>,
  name: Name,
  fallback: number,
  least: number,
): number {
  const value = options[name] ?? fallback;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least) return value;
  throw new RingwayError(`The option ${name} is a whole number, at least ${least}, and not ${String(value)}`, {
    code: "ERR_OPTION",
    source: "internal",
    operation: "read options",
  });
}
