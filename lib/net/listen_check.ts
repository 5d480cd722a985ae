/**
 * What can be said about an address before it is listened on.
 *
 * @module
 */
import * as abi from "../../ffi/abi.ts";
import type { Library } from "../../ffi/library.ts";
import { encodeAddress, formatAddress, type SocketAddress } from "./address.ts";
import { SocketError } from "./errors.ts";

/** Throws a SocketError if an address can't be listened on, though several processes may share it. */
export function probeAddress(library: Library, address: SocketAddress): void {
  const bytes = encodeAddress(address);
  const probed = library.functions.ringway_socket_listen(bytes, bytes.length, 0, abi.LISTEN_FLAG_PROBE);
  if (probed < 0) throw new SocketError(probed, "listen on", formatAddress(address));
}

/** A socket file that nobody listens on is left from a process that was killed, and would be in the way. */
export function removeSocketFile(library: Library, address: SocketAddress, onlyStale: boolean): void {
  if (address.family !== "unix") return;
  const bytes = encodeAddress(address);
  library.functions.ringway_socket_remove_file(bytes, bytes.length, onlyStale ? 1 : 0);
}

/** Listen by the runtime's sockets, and stop again. The address that it was, or a SocketError. */
export async function tryToListen(wanted: SocketAddress, reusePort = false): Promise<SocketAddress> {
  // Where io_uring is used, node:net is not loaded.
  const { DefaultDriver } = await import("./default/driver.ts");
  const driver = new DefaultDriver({
    connection: { writeHighWatermarkBytes: 1, writeLowWatermarkBytes: 0, writeTimeoutMs: 0 },
    reporter: { onHandlerError() {}, onNotice() {} },
  });
  const handler = {
    onAccept: () => {
      throw new TypeError("Only the address is tried");
    },
  };
  try {
    return (await driver.listen(wanted, handler, { reusePort })).address;
  } finally {
    await driver.close();
  }
}
