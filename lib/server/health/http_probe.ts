/**
 * Is an endpoint good because it answers a request as expected?
 *
 * @module
 */
import { RingwayError } from "../../../ffi/errors.ts";
import { formatAddress, type SocketAddress } from "../../net/address.ts";
import { checkHost } from "../../proxy/http/routing/redirector.ts";
import { checkProbePath, type HealthCheckOptions } from "./health_check_options.ts";
import { HealthResponse } from "./health_response.ts";
import { askOnce, type Probe, withPort } from "./probe.ts";

/** By which a server recognizes the requests. */
const USER_AGENT = "ringway-health-check";
/** What is in the Host field of a request over a unix socket, which has no host. */
const HOST_OF_UNIX_SOCKET = "localhost";

/** A probe that sends a GET request, on a connection for it alone. Throws ERR_CONFIG for a bad path or host. */
export function httpProbe(
  options: Pick<HealthCheckOptions, "path" | "host" | "expectedStatuses" | "port" | "timeoutMs">,
): Probe {
  checkRequest(options);
  const { expectedStatuses, port, timeoutMs } = options;
  return (endpoint, signal) => {
    const address = withPort(endpoint, port);
    return askOnce(address, timeoutMs, signal, (socket, finish) => {
      const response = new HealthResponse(expectedStatuses);
      const finishIfComplete = () => {
        if (response.isComplete) finish(response.failure);
      };
      socket.on("data", (bytes: Uint8Array) => {
        response.read(bytes);
        finishIfComplete();
      });
      socket.once("end", () => {
        response.end();
        finishIfComplete();
      });
      socket.once("close", () => finish("connection reset"));
      socket.once("connect", () => socket.write(request(options, address)));
    });
  };
}

/** Nothing but one request with one path and one host is sent. */
function checkRequest({ path, host }: Pick<HealthCheckOptions, "path" | "host">): void {
  const problem = checkProbePath(path) ?? (host === "" ? null : checkHost(host, true));
  if (problem === null) return;
  const failure = { code: "ERR_CONFIG", source: "internal", operation: "check endpoints" } as const;
  throw new RingwayError(`A health check cannot ask for that: ${problem}`, failure);
}

function request({ path, host }: Pick<HealthCheckOptions, "path" | "host">, address: SocketAddress): string {
  const ownHost = address.family === "unix" ? HOST_OF_UNIX_SOCKET : formatAddress(address);
  const fields = [`host: ${host === "" ? ownHost : host}`, `user-agent: ${USER_AGENT}`, "accept: */*"];
  return `GET ${path} HTTP/1.1\r\n${fields.join("\r\n")}\r\nconnection: close\r\n\r\n`;
}
