/**
 * Is an endpoint good because it accepts connections?
 *
 * @module
 */
import type { HealthCheckOptions } from "./health_check_options.ts";
import { askOnce, type Probe, withPort } from "./probe.ts";

/** A probe that connects and sends nothing. */
export function tcpProbe({ port, timeoutMs }: Pick<HealthCheckOptions, "port" | "timeoutMs">): Probe {
  return (address, signal) =>
    askOnce(withPort(address, port), timeoutMs, signal, (socket, finish) => {
      socket.once("connect", () => finish(null));
    });
}
