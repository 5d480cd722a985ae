/**
 * The one schema of configuration files, whatever language they are written in. It checks them, fills in what
 * they leave out, and is printed as docs/config.md and docs/ringway.schema.json.
 *
 * The `error` of a value says what is allowed there; `problems.ts` puts what was found before it.
 *
 * @module
 */
import { z } from "zod";
import { RingwayError } from "../../../ffi/errors.ts";
import { lineFormat } from "../../proxy/http/access_log_format.ts";
import { defaultProxyConfig } from "../config.ts";
import { LOG_LEVELS } from "../log.ts";
import { parseTarget, TargetError } from "../target.ts";
import type { CompleteConfigFile, ConfigFile } from "./types.ts";

/** A day less than 2^31 milliseconds, which is as far as a runtime's timers go. */
const MOST_MS = 2_061_083_647;

const { ioUring, http, ...defaults } = defaultProxyConfig;

function whole(least: number, most: number, initial: number, meaning: string): z.ZodDefault<z.ZodInt> {
  const error = `a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error }).default(initial).describe(meaning);
}

function milliseconds(initial: number, meaning: string): z.ZodDefault<z.ZodInt> {
  return whole(0, MOST_MS, initial, meaning);
}

function choice<const Name extends string>(names: readonly Name[], initial: NoInfer<Name>, meaning: string) {
  const error = `one of ${names.join(", ")}`;
  return z.enum(names, { error }).default(initial).describe(meaning);
}

function flag(initial: boolean, meaning: string): z.ZodDefault<z.ZodBoolean> {
  return z.boolean({ error: "true or false" }).default(initial).describe(meaning);
}

/** An address that a check accepts: what is wrong with another one is said by the check. */
function address(check: (text: string) => void): z.ZodString {
  return z.string({ error: 'an address: "HOST:PORT", "[IPV6]:PORT" or "unix:PATH"' }).superRefine((text, context) => {
    try {
      check(text);
    } catch (error) {
      if (!(error instanceof TargetError)) throw error;
      context.addIssue({ code: "custom", message: error.message });
    }
  });
}

function checkEndpoint(text: string): void {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):\/\/([^/]*)/i.exec(text) ?? [];
  if (scheme !== undefined) {
    throw new TargetError(
      `"${text}": an endpoint has no scheme here: write ${rest}; the listener's "protocol" says it`,
    );
  }
  const target = parseTarget(text);
  if (target.family === "name" && target.port === 0) throw new TargetError(`"${text}": port 0 cannot be connected to`);
}

const listenAddress = address((text) => void parseTarget(text));

const workers = z
  .union(
    [
      z.literal("auto"),
      z.int({ error: '"auto" or a whole number from 1 to 250' }).min(1).max(250, { error: '"auto" or at most 250' }),
    ],
    { error: '"auto" or a whole number from 1 to 250' },
  )
  .default(defaults.workers)
  .describe("Worker threads; `auto`: one for each processor.");

const ioUringSection = z.strictObject(
  {
    io_uring_size: whole(8, 32768, ioUring.ioUringSize, "Entries of a worker's submission queue."),
    accept_size: whole(
      1,
      1024,
      ioUring.acceptSize,
      "Pending accepts for each listener, on kernels without multishot accept.",
    ),
    read_buffer_size: whole(1024, 1 << 20, ioUring.readBufferSize, "Bytes of a receive buffer."),
    write_timeout_ms: milliseconds(
      ioUring.writeTimeoutMs,
      "How long a closing connection may take to send what is queued; 0: no limit.",
    ),
    use_submission_queue_polling: flag(
      ioUring.useSubmissionQueuePolling,
      "Let a kernel thread poll for submissions, which costs a processor for each worker.",
    ),
    enable_submission_queue_polling: flag(
      ioUring.useSubmissionQueuePolling,
      "Another name of `use_submission_queue_polling`, which is Envoy's.",
    ),
  },
  { error: "a mapping of io_uring options" },
);

const httpLimits = z.strictObject(
  {
    head_bytes: whole(256, 1 << 20, http.limits.headBytes, "Bytes of a head; above it 431 (or 414 for the target)."),
    fields: whole(1, 10_000, http.limits.fieldCount, "Fields of a head, and of a trailer section."),
    target_bytes: whole(64, 1 << 20, http.limits.targetBytes, "Bytes of a request's target; above it 414."),
    chunk_extension_bytes: whole(
      0,
      1 << 20,
      http.limits.chunkExtensionBytes,
      "Bytes of the extensions of all chunks of one body.",
    ),
    trailer_bytes: whole(2, 1 << 20, http.limits.trailerBytes, "Bytes of a trailer section."),
  },
  { error: "a mapping of limits" },
);

const httpSection = z.strictObject(
  {
    head_timeout_ms: milliseconds(http.headTimeoutMs, "How long the head of a request may take; then 408."),
    keep_alive_timeout_ms: milliseconds(
      http.keepAliveTimeoutMs,
      "How long a client's connection may be without a request.",
    ),
    response_timeout_ms: milliseconds(http.responseTimeoutMs, "How long an endpoint may take to respond; then 504."),
    stream_idle_timeout_ms: milliseconds(
      http.streamIdleTimeoutMs,
      "How long a body or a WebSocket may be without bytes.",
    ),
    trusted_hops: whole(0, 100, http.trustedHops, "Proxies in front whose X-Forwarded-* are believed."),
    linger_bytes: whole(
      0,
      1 << 30,
      http.lingerBytes,
      "Bytes of a request's body that are read in vain after its answer, before the connection is closed.",
    ),
    limits: httpLimits.prefault({}).describe("How much of a message is held before it is refused."),
  },
  { error: "a mapping of HTTP options" },
);

const tcpSection = z.strictObject(
  { idle_timeout_ms: milliseconds(defaults.idleTimeoutMs, "How long a connection may be without bytes; 0: for ever.") },
  { error: "a mapping of TCP options" },
);

const listenerSection = z.strictObject(
  {
    listen: z
      .union([listenAddress, z.array(listenAddress).min(1, { error: "at least one address" })], {
        error: 'an address, such as "127.0.0.1:8080", or a list of addresses',
      })
      .describe("Where to accept connections: `HOST:PORT`, `[IPV6]:PORT`, `unix:PATH`, or a list of those."),
    protocol: choice(["http", "tcp"], "http", "What is relayed: HTTP requests, or the bytes of connections."),
    cluster: z.string({ error: "the name of a cluster" }).describe("The cluster to relay to, by its name."),
    max_connections: whole(
      0,
      1 << 20,
      0,
      "Connections of this listener at the same time, over all workers; above it none is accepted. 0: no limit.",
    ),
    http: httpSection.prefault({}).describe("For `protocol: http` only."),
    tcp: tcpSection.prefault({}).describe("For `protocol: tcp` only."),
  },
  { error: "a mapping that describes a listener" },
);

const clusterSection = z.strictObject(
  {
    name: z
      .string({ error: "a name" })
      .regex(/^[\w.-]{1,100}$/, { error: "a name of 1 to 100 letters, digits, and . _ -" })
      .describe("Its name, by which listeners refer to it."),
    endpoints: z
      .array(address(checkEndpoint), { error: 'a list of addresses, such as ["127.0.0.1:3000"]' })
      .min(1, { error: "at least one address" })
      .describe("The servers: `HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`; a name stands for all of its addresses."),
    balancer: choice(
      ["round_robin", "least_connections"],
      "round_robin",
      "How connections, or requests, are spread over the endpoints.",
    ),
    connect_timeout_ms: milliseconds(
      defaults.connectTimeoutMs,
      "How long connecting to an endpoint may take; 0: as long as the kernel tries.",
    ),
    connect_attempts: whole(1, 1000, defaults.connectAttempts, "Endpoints that are tried for a connection."),
    max_connections: whole(
      1,
      1 << 20,
      http.upstreamConnections,
      "HTTP: connections to one endpoint, for each worker and listener.",
    ),
    max_pending_requests: whole(
      0,
      1 << 20,
      http.pendingRequests,
      "HTTP: requests that wait for a connection to one endpoint, for each worker and listener; above it 503.",
    ),
    pending_timeout_ms: milliseconds(
      http.pendingTimeoutMs,
      "HTTP: how long a request waits for a connection; then 503.",
    ),
    idle_timeout_ms: milliseconds(
      http.upstreamIdleTimeoutMs,
      "HTTP: how long a connection to an endpoint is kept without a request.",
    ),
    max_requests_per_connection: whole(
      0,
      1 << 30,
      http.requestsPerConnection,
      "HTTP: requests on one connection to an endpoint; 0: no limit.",
    ),
  },
  { error: "a mapping that describes a cluster" },
);

/** The keys of a cluster that only HTTP has a use for. */
export const HTTP_CLUSTER_KEYS: readonly string[] = [
  "max_connections",
  "max_pending_requests",
  "pending_timeout_ms",
  "idle_timeout_ms",
  "max_requests_per_connection",
];

const accessLogFormat = z
  .string({ error: "combined, json or a template" })
  .superRefine((text, context) => {
    try {
      lineFormat(text);
    } catch (error) {
      if (!(error instanceof RingwayError)) throw error;
      context.addIssue({ code: "custom", message: error.message });
    }
  })
  .default(defaults.accessLogFormat)
  .describe(
    "How lines are written: `combined`, `json`, or a template such as `%method% %target% %status%`; see http.md.",
  );

/** A configuration file. */
export const configSchema: z.ZodType<CompleteConfigFile, ConfigFile> = z.strictObject(
  {
    workers,
    socket_interface: choice(
      ["auto", "uring", "default"],
      defaults.socketInterface,
      "How bytes are moved: by io_uring, or by the runtime's own sockets; `auto`: by io_uring if the kernel has it.",
    ),
    io_uring: ioUringSection.prefault({}).describe("For `socket_interface: uring`."),
    log_level: choice(LOG_LEVELS, "info", "How much is logged, on standard error."),
    drain_timeout_ms: milliseconds(defaults.drainTimeoutMs, "How long connections may go on after SIGTERM or SIGINT."),
    dns_refresh_ms: milliseconds(defaults.dnsRefreshMs, "How often names are resolved again; 0: never."),
    max_connections: whole(
      0,
      1 << 20,
      defaults.maximumConnections,
      "Connections at the same time, over all listeners and workers; 0: as many as the limit of open files allows.",
    ),
    backlog: whole(1, 65535, defaults.backlog, "Connections that wait in the kernel, for each listener and worker."),
    access_log: z
      .string({ error: 'a file, or "-"' })
      .default("")
      .describe("The file that gets a line for each HTTP request, `-` for standard output; without it there is none."),
    access_log_format: accessLogFormat,
    listeners: z
      .array(listenerSection, { error: "a list of listeners" })
      .min(1, { error: "at least one listener" })
      .describe("Where connections are accepted, and where they go."),
    clusters: z
      .array(clusterSection, { error: "a list of clusters" })
      .min(1, { error: "at least one cluster" })
      .describe("Named groups of endpoints that serve the same."),
  },
  { error: "a mapping with listeners and clusters" },
);

/** The schema as JSON Schema, for editors and for the reference. */
export function jsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(configSchema, { io: "input" });
}
