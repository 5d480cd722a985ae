/**
 * Chooses how endpoints are asked. What asks is loaded only if anything is: most proxies start without it.
 *
 * @module
 */
import type { HealthCheckOptions } from "./health_check_options.ts";
import type { Probe } from "./probe.ts";

/** A probe; `null`: every endpoint is good. Rejects with ERR_CONFIG for a bad path or host. */
export async function createProbe(options: HealthCheckOptions | null): Promise<Probe> {
  if (options === null) return async () => null;
  if (options.type === "tcp") {
    const { tcpProbe } = await import("./tcp_probe.ts");
    return tcpProbe(options);
  }
  const { httpProbe } = await import("./http_probe.ts");
  return httpProbe(options);
}
