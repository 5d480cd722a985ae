/**
 * An echo server on ringway's sockets: `echo_sockets.ts PORT streams|reads|handlers`. A program that is measured.
 *
 * @module
 */
import process from "node:process";
import type { Connection, ConnectionHandler } from "../../lib/net/connection.ts";
import type { Lease } from "../../lib/ring/lease.ts";
import type { Socket } from "../../lib/sockets/socket.ts";
import { openSockets } from "../../lib/sockets/sockets.ts";

const [port = "0", form = "streams"] = process.argv.slice(2);

class Echo implements ConnectionHandler {
  onConnect(): void {}

  onData(connection: Connection, lease: Lease): void {
    if (!connection.write(lease)) connection.pauseReading();
  }

  onDrain(connection: Connection): void {
    connection.resumeReading();
  }

  onEnd(connection: Connection): void {
    connection.shutdownWrite();
  }

  onClose(): void {}
}

async function echoByReads(socket: Socket): Promise<void> {
  for await (const bytes of socket) await socket.write(bytes);
  await socket.end();
}

const ignore = (): void => {};
const sockets = await openSockets();
if (form === "handlers") {
  await sockets.listenWith(`127.0.0.1:${port}`, { onAccept: () => new Echo() });
} else {
  for await (const socket of await sockets.listen(`127.0.0.1:${port}`)) {
    if (form === "reads") echoByReads(socket).catch(ignore);
    else socket.readable.pipeTo(socket.writable).catch(ignore);
  }
}
