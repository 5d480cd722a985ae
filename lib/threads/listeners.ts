/**
 * Opens the listeners of all threads, in the one that starts them: what is wrong is known before any thread
 * starts, and a listener outlives the thread that it was opened for.
 *
 * @module
 */
import type { Library } from "../../ffi/library.ts";
import type { SocketAddress } from "../net/address.ts";
import { probeAddress, removeSocketFile, tryToListen } from "../net/listen_check.ts";
import { type OpenedListeners, openListeners } from "../net/uring/open_listeners.ts";

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
export function openThreadListeners(
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
      const { address, descriptors: opened } = openAddress(library, wanted.address, threads, backlog);
      for (const descriptor of opened) descriptors.add(descriptor);
      bound.push(address);
      const reusePort = opened.length > 1;
      for (const [index, listeners] of perThread.entries()) {
        // A unix socket is one file: all threads accept from the same listener.
        const descriptor = opened[reusePort ? index : 0] as number;
        listeners.push({ address, owner: wanted.owner, descriptor, reusePort });
      }
    }
    return { addresses: [...bound], perThread, closeOf, close };
  } catch (error) {
    close();
    throw error;
  }
}

function openAddress(library: Library, address: SocketAddress, threads: number, backlog: number): OpenedListeners {
  const count = address.family === "unix" ? 1 : threads;
  removeSocketFile(library, address, true);
  // With SO_REUSEPORT two programs could share a port without noticing.
  if (count > 1) probeAddress(library, address);
  return openListeners(library, address, count, { backlog, reusePort: count > 1 });
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
