/**
 * Opens the listeners of all threads, in the one that starts them: what is wrong is known before any thread
 * starts, and a listener outlives the thread that it was opened for.
 *
 * @module
 */
import type { Library } from "../../ffi/library.ts";
import type { SocketAddress } from "../net/address.ts";
import { probeAddress, removeSocketFile, tryToListen } from "../net/listen_check.ts";
import { boundAddress, openListener } from "../net/uring/driver.ts";

/** An address to listen on. */
export interface ListenAddress {
  readonly address: SocketAddress;
  /** A number of the caller's, which the listeners of this address get. */
  readonly owner: number;
}

/** A listener of a thread. */
export interface ThreadListener {
  /** That of its {@linkcode ListenAddress}. */
  readonly owner: number;
  readonly address: SocketAddress;
  /** The descriptor that was opened for it, on the `uring` driver. */
  readonly descriptor?: number;
  /** Does it share the port with other threads' listeners? */
  readonly reusePort: boolean;
}

/** The listeners of all threads. */
export interface Listeners {
  /** Where they listen, with the ports that the kernel chose. */
  readonly addresses: readonly SocketAddress[];
  /** The listeners of each thread. */
  readonly perThread: readonly (readonly ThreadListener[])[];
  /** Stop listening in a thread that is gone: others get what it would have got. */
  closeOf(thread: number): void;
  /** Stop listening. */
  close(): void;
}

/**
 * Open the listeners of threads that use the `uring` driver, one per address and thread. The threads
 * share an address's port (SO_REUSEPORT), and the kernel picks one per connection. Throws a SocketError.
 */
export function openListeners(
  library: Library,
  addresses: readonly ListenAddress[],
  threads: number,
  backlog: number,
): Listeners {
  const perThread: ThreadListener[][] = Array.from({ length: threads }, () => []);
  const descriptors = new Set<number>();
  const bound: SocketAddress[] = [];
  const closeDescriptor = (descriptor: number) => {
    if (descriptors.delete(descriptor)) library.functions.ringway_socket_close(descriptor);
  };
  const closeOf = (thread: number) => {
    for (const { descriptor, address } of perThread[thread] ?? []) {
      // The one of a unix socket is every thread's.
      if (descriptor !== undefined && address.family !== "unix") closeDescriptor(descriptor);
    }
  };
  const close = () => {
    for (const descriptor of descriptors) closeDescriptor(descriptor);
    for (const address of bound.splice(0)) removeSocketFile(library, address, false);
  };
  try {
    for (const wanted of addresses) {
      const open = wanted.address.family === "unix" ? openUnix : openIp;
      const opened = open(library, wanted, threads, backlog, descriptors);
      bound.push(opened[0]?.address ?? wanted.address);
      for (const [index, listener] of opened.entries()) perThread[index]?.push(listener);
    }
    return { addresses: [...bound], perThread, closeOf, close };
  } catch (error) {
    close();
    throw error;
  }
}

function openIp(
  library: Library,
  wanted: ListenAddress,
  threads: number,
  backlog: number,
  descriptors: Set<number>,
): ThreadListener[] {
  const reusePort = threads > 1;
  // With SO_REUSEPORT two programs could share a port without noticing.
  if (reusePort) probeAddress(library, wanted.address);
  let { address } = wanted;
  return Array.from({ length: threads }, () => {
    const descriptor = openListener(library, address, { backlog, reusePort });
    descriptors.add(descriptor);
    // The first one chooses the port of all.
    address = boundAddress(library, descriptor) ?? address;
    return { address, owner: wanted.owner, descriptor, reusePort };
  });
}

/** A unix socket is one file: all threads accept from the same listener. */
function openUnix(
  library: Library,
  { address, owner }: ListenAddress,
  threads: number,
  backlog: number,
  descriptors: Set<number>,
): ThreadListener[] {
  removeSocketFile(library, address, true);
  const descriptor = openListener(library, address, { backlog });
  descriptors.add(descriptor);
  return Array.from({ length: threads }, () => ({ address, owner, descriptor, reusePort: false }));
}

/**
 * Check the addresses for threads that use the `default` driver. They listen by themselves, as
 * node:net can't hand a listener to another thread. Throws a SocketError.
 */
export async function checkListeners(addresses: readonly ListenAddress[], threads: number): Promise<Listeners> {
  const perThread: ThreadListener[][] = Array.from({ length: threads }, () => []);
  const bound = await Promise.all(addresses.map(({ address }) => tryToListen(address)));
  for (const [index, address] of bound.entries()) {
    const owner = addresses[index]?.owner ?? 0;
    // One thread alone can listen on a unix socket.
    const listening = address.family === "unix" ? perThread.slice(0, 1) : perThread;
    for (const listeners of listening) listeners.push({ address, owner, reusePort: listening.length > 1 });
  }
  return { addresses: bound, perThread, closeOf() {}, close() {} };
}
