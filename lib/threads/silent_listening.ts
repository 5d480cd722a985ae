/**
 * Listening where another thread gets all connections.
 *
 * @module
 */
import type { SocketAddress } from "../net/address.ts";
import type { Listener } from "../net/connection.ts";
import type { Driver } from "../net/driver.ts";

/**
 * A driver like another one, but that its listeners get no connections. On the `default` driver only one thread can
 * listen on a unix socket; the others are to work the same, without any.
 */
export function withoutConnections(driver: Driver): Driver {
  const listen = (address: SocketAddress) => Promise.resolve(new SilentListener(address));
  return Object.assign(Object.create(driver) as Driver, { listen });
}

class SilentListener implements Listener {
  readonly address: SocketAddress;

  constructor(address: SocketAddress) {
    this.address = address;
  }

  pause(): void {}

  resume(): void {}

  acceptSingly(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }
}
