/**
 * Listening descriptors for several threads, which share an address.
 *
 * @module
 */
import type { Library } from "../../../ffi/library.ts";
import type { SocketAddress } from "../address.ts";
import { boundAddress, openListener } from "./driver.ts";

/** Descriptors that listen on one address. */
export interface OpenedListeners {
  /** With the port that the kernel chose, if 0 was asked for; as it was asked for, if nothing was opened. */
  readonly address: SocketAddress;
  readonly descriptors: readonly number[];
}

/** How to listen. */
export interface OpenListenersOptions {
  /** Connections that wait in the kernel until they are accepted, for each descriptor. */
  readonly backlog: number;
  /** More than one descriptor needs it (SO_REUSEPORT). */
  readonly reusePort: boolean;
}

/** Open so many. They belong to the process. Throws a SocketError, and leaves none open. */
export function openListeners(
  library: Library,
  wanted: SocketAddress,
  count: number,
  options: OpenListenersOptions,
): OpenedListeners {
  const descriptors: number[] = [];
  let address = wanted;
  try {
    while (descriptors.length < count) {
      const descriptor = openListener(library, address, options);
      descriptors.push(descriptor);
      // The first one chooses the port of all.
      address = boundAddress(library, descriptor) ?? address;
    }
  } catch (error) {
    for (const descriptor of descriptors) library.functions.ringway_socket_close(descriptor);
    throw error;
  }
  return { address, descriptors };
}
