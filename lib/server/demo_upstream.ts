/**
 * A small web server for a proxy that was started without anything to relay to.
 *
 * @module
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Target } from "./config.ts";

/** A running demo server. */
export interface DemoUpstream {
  /** Where it listens. */
  readonly target: Target;
  /** Stop it. */
  close(): void;
}

/** Start a server on a free port of the loopback interface that greets whoever asks. */
export function startDemoUpstream(): Promise<DemoUpstream> {
  const server = createServer((request, response) => {
    response.setHeader("content-type", "text/plain; charset=utf-8");
    response.end(`Hello from behind ringway: ${request.method} ${request.url}\n`);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      resolve({
        target: { family: "name", host: "127.0.0.1", port },
        close() {
          server.close();
          server.closeAllConnections();
        },
      });
    });
  });
}
