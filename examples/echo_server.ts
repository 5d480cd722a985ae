/**
 * An echo server in the form that feels native: connections come from an async iterator, and each is a pair of Web
 * Streams. The streams hold each other back, so that a client that does not read gets no more.
 *
 * ```sh
 * bun run examples/echo_server.ts 127.0.0.1:7000
 * deno run --allow-ffi --allow-read examples/echo_server.ts 127.0.0.1:7000
 * ```
 *
 * @module
 */
import process from "node:process";
import { formatAddress, openSockets } from "../lib/sockets/mod.ts";

const [address = "127.0.0.1:7000"] = process.argv.slice(2);

const sockets = await openSockets();
const listener = await sockets.listen(address);
console.log(`listening on ${formatAddress(listener.address)}`);

for await (const socket of listener) {
  // A client that breaks off is no reason to stop.
  socket.readable.pipeTo(socket.writable).catch(() => {});
}
