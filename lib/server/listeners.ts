/**
 * Opens the listeners of all workers, in the main thread: what is wrong is known before any worker
 * starts, and a listener outlives the worker that it was opened for.
 *
 * @module
 */
import * as abi from "../../ffi/abi.ts";
import type { Library } from "../../ffi/library.ts";
import { encodeAddress, formatAddress, type SocketAddress } from "../net/address.ts";
import { SocketError } from "../net/errors.ts";
import { boundAddress, openListener } from "../net/uring/driver.ts";
import type { WorkerListener } from "./worker_config.ts";

/** An address to listen on. */
export interface ListenAddress {
  readonly address: SocketAddress;
  /** Which of the configuration's listeners it is of. */
  readonly owner: number;
}

/** The listeners of a proxy. */
export interface Listeners {
  /** Where it listens, with the ports that the kernel chose. */
  readonly addresses: readonly SocketAddress[];
  /** The listeners of each worker. */
  readonly perWorker: readonly (readonly WorkerListener[])[];
  /** Stop listening. */
  close(): void;
}

/**
 * Open the listeners of workers that use the `uring` driver, one per address and worker. The workers
 * share an address's port (SO_REUSEPORT), and the kernel picks one per connection. Throws a SocketError.
 */
export function openListeners(
  library: Library,
  addresses: readonly ListenAddress[],
  workers: number,
  backlog: number,
): Listeners {
  const perWorker: WorkerListener[][] = Array.from({ length: workers }, () => []);
  const descriptors = new Set<number>();
  const bound: SocketAddress[] = [];
  const close = () => {
    for (const descriptor of descriptors) library.functions.ringway_socket_close(descriptor);
    descriptors.clear();
    for (const address of bound.splice(0)) removeFile(library, address, false);
  };
  try {
    for (const wanted of addresses) {
      const open = wanted.address.family === "unix" ? openUnix : openIp;
      const opened = open(library, wanted, workers, backlog, descriptors);
      bound.push(opened[0]?.address ?? wanted.address);
      for (const [index, listener] of opened.entries()) perWorker[index]?.push(listener);
    }
    return { addresses: [...bound], perWorker, close };
  } catch (error) {
    close();
    throw error;
  }
}

function openIp(
  library: Library,
  wanted: ListenAddress,
  workers: number,
  backlog: number,
  descriptors: Set<number>,
): WorkerListener[] {
  const reusePort = workers > 1;
  // With SO_REUSEPORT two proxies could share a port without noticing.
  if (reusePort) probe(library, wanted.address);
  let { address } = wanted;
  return Array.from({ length: workers }, () => {
    const descriptor = openListener(library, address, { backlog, reusePort });
    descriptors.add(descriptor);
    // The first one chooses the port of all.
    address = boundAddress(library, descriptor) ?? address;
    return { address, owner: wanted.owner, descriptor, reusePort };
  });
}

function probe(library: Library, address: SocketAddress): void {
  const bytes = encodeAddress(address);
  const probed = library.functions.ringway_socket_listen(bytes, bytes.length, 0, abi.LISTEN_FLAG_PROBE);
  if (probed < 0) throw new SocketError(probed, "listen on", formatAddress(address));
}

/** A unix socket is one file: all workers accept from the same listener. */
function openUnix(
  library: Library,
  { address, owner }: ListenAddress,
  workers: number,
  backlog: number,
  descriptors: Set<number>,
): WorkerListener[] {
  removeFile(library, address, true);
  const descriptor = openListener(library, address, { backlog });
  descriptors.add(descriptor);
  return Array.from({ length: workers }, () => ({ address, owner, descriptor, reusePort: false }));
}

/** A socket file that nobody listens on is left from a process that was killed, and would be in the way. */
function removeFile(library: Library, address: SocketAddress, onlyStale: boolean): void {
  if (address.family !== "unix") return;
  const bytes = encodeAddress(address);
  library.functions.ringway_socket_remove_file(bytes, bytes.length, onlyStale ? 1 : 0);
}

/**
 * Check the addresses for workers that use the `default` driver. They listen by themselves, as
 * node:net can't hand a listener to another thread. Throws a SocketError.
 */
export async function checkListeners(addresses: readonly ListenAddress[], workers: number): Promise<Listeners> {
  const perWorker: WorkerListener[][] = Array.from({ length: workers }, () => []);
  const bound = await Promise.all(addresses.map(({ address }) => tryToListen(address)));
  for (const [index, address] of bound.entries()) {
    const owner = addresses[index]?.owner ?? 0;
    // One thread alone can listen on a unix socket.
    const listening = address.family === "unix" ? perWorker.slice(0, 1) : perWorker;
    for (const listeners of listening) listeners.push({ address, owner, reusePort: listening.length > 1 });
  }
  return { addresses: bound, perWorker, close() {} };
}

async function tryToListen(wanted: SocketAddress): Promise<SocketAddress> {
  const { DefaultDriver } = await import("../net/default/driver.ts");
  const driver = new DefaultDriver({
    connection: { writeHighWatermarkBytes: 1, writeLowWatermarkBytes: 0, writeTimeoutMs: 0 },
    reporter: { onHandlerError() {}, onNotice() {} },
  });
  try {
    const listener = await driver.listen(wanted, {
      onAccept: () => {
        throw new TypeError("Only the address is tried");
      },
    });
    return listener.address;
  } finally {
    await driver.close();
  }
}
