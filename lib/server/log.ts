/**
 * The log: one line per message on standard error.
 *
 * @module
 */
import process from "node:process";
import { configureSync, getLogger, type Logger, type LogRecord } from "@logtape/logtape";
import type { LogLevel } from "./config.ts";

/** Set the log up for the process. */
export function configureLog(level: LogLevel): Logger {
  configureSync({
    reset: true,
    sinks: { standardError: (record) => void process.stderr.write(formatRecord(record)) },
    loggers: [
      { category: ["ringway"], lowestLevel: level, sinks: ["standardError"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["standardError"] },
    ],
  });
  return getLogger(["ringway"]);
}

/** `2026-01-31T12:00:00.000Z warning message`. */
function formatRecord(record: LogRecord): string {
  const message = record.message.map((part) => (typeof part === "string" ? part : String(part))).join("");
  return `${new Date(record.timestamp).toISOString()} ${record.level} ${message}\n`;
}

/** `1 connection`, `2 connections`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Pass a message on as it is: braces in it are not placeholders. */
export function logMessage(logger: Logger, level: LogLevel, message: string): void {
  logger[level]("{message}", { message });
}
