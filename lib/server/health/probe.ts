/**
 * One question to an endpoint, over a connection of its own.
 *
 * @module
 */
import { createConnection, type Socket } from "node:net";
import type { SocketAddress } from "../../net/address.ts";
import { runtimePath } from "../../net/default/unix_path.ts";
import { failureText } from "./failure_text.ts";

/** Ends a question: with what is wrong with the endpoint, or `null` for a good one. */
export type Finish = (failure: string | null) => void;

/** Asks an endpoint: resolves with what is wrong with it, or `null`. Never rejects. */
export type Probe = (address: SocketAddress, signal: AbortSignal) => Promise<string | null>;

/**
 * Connect, and let `talk` find out. Whatever comes first ends it, and the connection: what `talk` says, an error, the
 * time, or the signal.
 */
export function askOnce(
  address: SocketAddress,
  timeoutMs: number,
  signal: AbortSignal,
  talk: (socket: Socket, finish: Finish) => void,
): Promise<string | null> {
  return new Promise((resolve) => {
    let socket: Socket | null = null;
    const finish: Finish = (failure) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      socket?.destroy();
      resolve(failure);
    };
    const onAbort = () => finish("stopped");
    const timer = setTimeout(() => finish(`no answer within ${timeoutMs} ms`), timeoutMs);
    signal.addEventListener("abort", onAbort);
    try {
      socket = createConnection(
        address.family === "unix" ? { path: runtimePath(address.path) } : { host: address.host, port: address.port },
      );
      // It stays for what comes after the end, too: an error that nobody listens for would end the process.
      socket.on("error", (error) => finish(failureText(error)));
      talk(socket, finish);
    } catch (error) {
      finish(failureText(error));
    }
  });
}

/** The address with another port; 0: the same. A unix socket has none. */
export function withPort(address: SocketAddress, port: number): SocketAddress {
  return address.family === "unix" || port === 0 ? address : { ...address, port };
}
