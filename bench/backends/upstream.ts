/**
 * What peers relay to.
 *
 * @module
 */
import { benchProgram, type Environment } from "../environment.ts";
import { unusedPort } from "../processes/ports.ts";
import { StartedProcess } from "../processes/started.ts";

/** A running upstream. */
export interface Upstream {
  /** Its port on 127.0.0.1. */
  readonly port: number;
  readonly process: StartedProcess;
}

/** Start `programs/echo.zig`. */
export async function startEcho({ descriptors, placement }: Environment): Promise<Upstream> {
  const port = await unusedPort();
  const command = [...descriptors.wrapper, ...placement.upstream, benchProgram("echo"), `${port}`];
  const process = new StartedProcess(command);
  await process.untilPrinted("ready");
  return { port, process };
}
