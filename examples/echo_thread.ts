/**
 * What each thread of `echo_threads.ts` runs: a TCP echo server, on a ring of its own.
 *
 * @module
 */
import type { Connection, ConnectionHandler, Lease, Thread } from "../mod.ts";

/** What a thread says to the main thread when it is asked. */
export interface Count {
  /** Connections that it has accepted. */
  readonly connections: number;
}

let connections = 0;

const echo: ConnectionHandler = {
  onConnect() {},
  onData(connection: Connection, lease: Lease) {
    if (!connection.write(lease)) connection.pauseReading();
  },
  onDrain: (connection: Connection) => connection.resumeReading(),
  onEnd: (connection: Connection) => connection.shutdownWrite(),
  onClose() {},
};

/** Called once in each thread. */
export default async function run(thread: Thread<undefined, "count", Count>): Promise<void> {
  thread.onMessage = () => thread.post({ connections });
  await thread.listenWith({
    onAccept() {
      connections++;
      return echo;
    },
  });
}
