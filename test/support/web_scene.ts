/**
 * Servers and clients of `lib/web` in the process of the test, on real drivers.
 *
 * @module
 */
import type { RingwayError } from "../../ffi/errors.ts";
import { openSockets } from "../../lib/sockets/sockets.ts";
import { HttpClient, type HttpServer, type ServeHandler, type ServeOptions, serve } from "../../lib/web/mod.ts";

/** The drivers that are real. */
export const DRIVERS = ["uring", "default"] as const;
export type RealDriver = (typeof DRIVERS)[number];

/** What a test of a server has to do with. */
export interface WebScene {
  readonly server: HttpServer;
  readonly port: number;
  /** What was reported. */
  readonly problems: RingwayError[];
}

/** A server, for as long as it is used. */
export async function withServer(
  driver: RealDriver,
  handler: ServeHandler,
  options: ServeOptions,
  use: (scene: WebScene) => Promise<void>,
): Promise<void> {
  const problems: RingwayError[] = [];
  const onProblem = (problem: RingwayError): number => problems.push(problem);
  const sockets = await openSockets({ socketInterface: driver, onProblem });
  try {
    const server = await serve(handler, { sockets, onProblem, ...options });
    const { address } = server;
    try {
      await use({ server, problems, port: address.family === "unix" ? 0 : address.port });
    } finally {
      await server.close();
    }
  } finally {
    await sockets.close();
  }
}

/** A client, for as long as it is used. */
export async function withHttpClient(driver: RealDriver, use: (client: HttpClient) => Promise<void>): Promise<void> {
  const sockets = await openSockets({ socketInterface: driver });
  try {
    await using client = new HttpClient({ sockets });
    await use(client);
  } finally {
    await sockets.close();
  }
}
