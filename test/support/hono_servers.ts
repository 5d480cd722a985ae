/**
 * Starts the application on Hono in a process of its own.
 *
 * @module
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runtime } from "../../ffi/runtime.ts";
import { runtimeCommand } from "./command.ts";
import { nodeProgram } from "./node_program.ts";
import { missing, type ServerProgram, startServer } from "./programs.ts";

/** What serves the application. */
export interface HonoServer {
  readonly name: string;
  /** Why it can't be tried; `false` if it can. */
  readonly skip: string | false;
  start(): Promise<ServerProgram>;
}

const MODULE = fileURLToPath(new URL("hono_server.ts", import.meta.url));

/** By the server of the runtime that runs the test. */
export async function startHono(): Promise<ServerProgram> {
  return await startServer(process.execPath, (port) => runtimeCommand(MODULE, [String(port)]).slice(1));
}

async function startHonoInNode(): Promise<ServerProgram> {
  const program = await nodeProgram("hono_server.ts");
  try {
    return await startServer("node", (port) => [program.path, String(port)]);
  } finally {
    program.remove();
  }
}

/** The runtime's own server, and Node's. */
export const HONO_SERVERS: readonly HonoServer[] = [
  { name: runtime.name, skip: false, start: startHono },
  { name: "node", skip: missing("node"), start: startHonoInNode },
];
