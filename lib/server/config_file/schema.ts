/**
 * The one schema of configuration files, whatever language they are written in. It checks them, fills in what
 * they leave out, makes of them what a server is started with, and is printed as docs/config.md and
 * docs/ringway.schema.json.
 *
 * Every option is named in a conversion: one that is new, and that the file does not have, is an error of the compiler.
 *
 * @module
 */
import { z } from "zod";
import { RingwayError } from "../../../ffi/errors.ts";
import { lineFormat } from "../../proxy/http/access_log_format.ts";
import type { OverloadOptions } from "../../proxy/overload.ts";
import { defaultProxyConfig, LOG_LEVELS, type LogLevel } from "../config.ts";
import type { ServerConfig } from "../server_config.ts";
import { clusterSection } from "./cluster_schema.ts";
import { listenerSection } from "./listener_schema.ts";
import type { ConfigFile } from "./types.ts";
import { checkedText, choice, flag, milliseconds, whole } from "./values.ts";

/** As much memory as a processor can address today. */
const MOST_BYTES = 2 ** 48;

const { ioUring, overload, ...defaults } = defaultProxyConfig;

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

const ioUringObject = z.strictObject(
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

const overloadObject = z.strictObject(
  {
    pause_delay_ms: milliseconds(
      overload.pauseDelayMs,
      "A worker's loop is this late: it accepts no more connections until it is less late. 0: never.",
    ),
    refuse_delay_ms: milliseconds(
      overload.refuseDelayMs,
      "A worker's loop is this late: it answers HTTP requests with 503. 0: never.",
    ),
    pause_memory_bytes: whole(
      0,
      MOST_BYTES,
      overload.pauseMemoryBytes,
      "The process uses so much memory (resident): its workers accept no more connections. 0: never.",
    ),
    refuse_memory_bytes: whole(
      0,
      MOST_BYTES,
      overload.refuseMemoryBytes,
      "The process uses so much memory (resident): its workers answer HTTP requests with 503. 0: never.",
    ),
  },
  { error: "a mapping of limits" },
);

function toOverload(section: z.output<typeof overloadObject>): OverloadOptions {
  return {
    pauseDelayMs: section.pause_delay_ms,
    refuseDelayMs: section.refuse_delay_ms,
    pauseMemoryBytes: section.pause_memory_bytes,
    refuseMemoryBytes: section.refuse_memory_bytes,
  };
}

const accessLogFormat = checkedText("common, combined, json or a template", (value) => {
  try {
    lineFormat(value);
    return null;
  } catch (error) {
    if (!(error instanceof RingwayError)) throw error;
    return error.message;
  }
})
  .default(defaults.accessLogFormat)
  .describe(
    "How lines are written: `common`, `combined`, `json`, or a template such as `%method% %status%`; see http.md.",
  );

const configObject = z.strictObject(
  {
    workers,
    socket_interface: choice(
      ["auto", "uring", "default"],
      defaults.socketInterface,
      "How bytes are moved: by io_uring, or by the runtime's own sockets; `auto`: by io_uring if the kernel has it.",
    ),
    io_uring: ioUringObject.prefault({}).describe("For `socket_interface: uring`."),
    log_level: choice(LOG_LEVELS, "info", "How much is logged, on standard error."),
    drain_timeout_ms: milliseconds(
      defaults.drainTimeoutMs,
      "How long connections may go on after SIGTERM or SIGINT, and with a configuration that is replaced.",
    ),
    dns_refresh_ms: milliseconds(defaults.dnsRefreshMs, "How often names are resolved again; 0: never."),
    max_connections: whole(
      0,
      1 << 20,
      defaults.maximumConnections,
      "Connections at the same time, over all listeners and workers; 0: as many as the limit of open files allows.",
    ),
    backlog: whole(1, 65535, defaults.backlog, "Connections that wait in the kernel, for each listener and worker."),
    overload: overloadObject
      .prefault({})
      .describe(
        "When a worker cannot keep up: first it accepts no more connections, then it refuses requests; see http.md.",
      ),
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

/** What a good file says. */
export interface CheckedFile {
  readonly config: ServerConfig;
  readonly logLevel: LogLevel;
}

/** A configuration file. What its parts say about each other is not checked here. */
export const configSchema: z.ZodType<CheckedFile, ConfigFile> = configObject.transform((file): CheckedFile => {
  const { io_uring } = file;
  const config: ServerConfig = {
    workers: file.workers,
    socketInterface: file.socket_interface,
    ioUring: {
      ioUringSize: io_uring.io_uring_size,
      acceptSize: io_uring.accept_size,
      readBufferSize: io_uring.read_buffer_size,
      writeTimeoutMs: io_uring.write_timeout_ms,
      useSubmissionQueuePolling: io_uring.use_submission_queue_polling || io_uring.enable_submission_queue_polling,
    },
    drainTimeoutMs: file.drain_timeout_ms,
    dnsRefreshMs: file.dns_refresh_ms,
    maximumConnections: file.max_connections,
    backlog: file.backlog,
    overload: toOverload(file.overload),
    accessLog: file.access_log,
    accessLogFormat: file.access_log_format,
    listeners: file.listeners,
    clusters: file.clusters,
    module: null,
  };
  return { config, logLevel: file.log_level };
});

/** The schema as JSON Schema, for editors and for the reference. Functions, in TypeScript only, are left open. */
export function jsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" });
}
