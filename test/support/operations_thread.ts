/**
 * A thread that answers datagrams and reads a file, with operations that nobody waits for but they themselves.
 *
 * @module
 */
import { type IpAddress, operationsOn } from "../../lib/operations/mod.ts";
import type { Thread } from "../../lib/threads/mod.ts";

/** What a thread says: where it answers datagrams, and later how many it has answered. */
export interface OperationsReport {
  readonly address?: IpAddress;
  readonly answered?: number;
  readonly fileBytes?: number;
}

/** Open a socket that answers until the thread is to stop. */
export default async function (thread: Thread<string, string, OperationsReport>): Promise<() => Promise<void>> {
  const operations = operationsOn(thread.sockets);
  const socket = await operations.openDatagramSocket({ address: "127.0.0.1:0" });
  let answered = 0;
  void (async () => {
    for await (const { bytes, address } of socket) {
      await socket.send(bytes, address);
      answered++;
    }
  })();
  thread.onMessage = (): void => {
    // Not returned: the thread blocks in its ring while the file is read.
    void (async () => {
      await operations.timeout(1);
      const file = await operations.openFile(thread.data);
      const fileBytes = await file.read(new Uint8Array(100_000), 0);
      await file.close();
      thread.post({ fileBytes });
    })();
  };
  // In flight until the thread ends.
  void operations.timeout(1_000_000).catch(() => {});
  thread.post({ address: socket.localAddress });
  return async () => {
    await socket.close();
    thread.post({ answered });
  };
}
