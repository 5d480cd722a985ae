/**
 * The same echo server in the fast form: a handler is told what happens, and sends received bytes back where they lie,
 * without a copy and without a promise. It is for servers that are all about bytes.
 *
 * ```sh
 * bun run examples/echo_server_callbacks.ts 127.0.0.1:7000
 * deno run --allow-ffi --allow-read examples/echo_server_callbacks.ts 127.0.0.1:7000
 * ```
 *
 * @module
 */
import process from "node:process";
import { type ConnectionHandler, formatAddress, openSockets } from "../lib/sockets/mod.ts";

const [address = "127.0.0.1:7000"] = process.argv.slice(2);

/** One for all connections: what happens is told with the connection. */
const echo: ConnectionHandler = {
  onConnect() {},
  onData(connection, lease) {
    // The lease is the connection's now. If too much is queued, nothing more is read until that was sent.
    if (!connection.write(lease)) connection.pauseReading();
  },
  onDrain: (connection) => connection.resumeReading(),
  onEnd: (connection) => connection.shutdownWrite(),
  onClose() {},
};

const sockets = await openSockets();
const listener = await sockets.listenWith(address, { onAccept: () => echo });
console.log(`listening on ${formatAddress(listener.address)}`);
