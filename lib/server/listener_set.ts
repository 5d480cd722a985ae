/**
 * The listening sockets of a proxy, over all configurations that it has: those that a new one has too stay open, so
 * that no connection is refused in between.
 *
 * @module
 */
import process from "node:process";
import type { Library } from "../../ffi/library.ts";
import { formatAddress, type SocketAddress } from "../net/address.ts";
import { probeAddress, removeSocketFile, tryToListen } from "../net/listen_check.ts";
import { openListeners } from "../net/uring/open_listeners.ts";
import type { WorkerListener } from "./worker_config.ts";

/** An address to listen on. */
export interface ListenAddress {
  readonly address: SocketAddress;
  /** Which of the configuration's listeners it is of. */
  readonly owner: number;
  /** May another process listen on it too? */
  readonly reusePort: boolean;
}

/** An address that is listened on. */
interface Place {
  /** The address that was asked for, such as `127.0.0.1:0`. */
  readonly asked: string;
  /** With the port that the kernel chose. */
  readonly address: SocketAddress;
  readonly owner: number;
  readonly reusePort: boolean;
  /** One for each worker, or one for all; none on the `default` driver, whose workers open their own. */
  readonly descriptors: readonly number[];
}

/** The listening sockets of one configuration. */
export class ListenerPlan {
  /** Where it listens. */
  readonly addresses: readonly SocketAddress[];
  /** The listeners of each worker. */
  readonly perWorker: readonly (readonly WorkerListener[])[];
  /** @internal */
  readonly places: readonly Place[];

  /** @internal */
  constructor(places: readonly Place[], workers: number, hasDescriptors: boolean) {
    this.places = places;
    this.addresses = places.map(({ address }) => address);
    this.perWorker = Array.from({ length: workers }, (_, worker) => {
      return places.flatMap((place) => listenerOf(place, worker, hasDescriptors));
    });
  }

  /** @internal */
  get descriptors(): ReadonlySet<number> {
    return new Set(this.places.flatMap(({ descriptors }) => descriptors));
  }
}

function listenerOf({ address, owner, descriptors }: Place, worker: number, hasDescriptors: boolean): WorkerListener[] {
  const isUnix = address.family === "unix";
  if (!hasDescriptors) {
    // One thread alone can listen on a unix socket.
    return isUnix && worker > 0 ? [] : [{ address, owner, reusePort: isShareable(address) }];
  }
  const descriptor = descriptors[isUnix ? 0 : worker];
  return descriptor === undefined ? [] : [{ address, owner, descriptor, reusePort: !isUnix }];
}

/** See the module. */
export class ListenerSet {
  readonly #library: Library | null;
  #current: ListenerPlan;
  #isClosed = false;

  /** No listener yet. `library` is the shim, for workers that use the `uring` driver. */
  constructor(library: Library | null) {
    this.#library = library;
    this.#current = this.#planOf([], 0);
  }

  /** Where it listens, with the ports that the kernel chose. */
  get addresses(): readonly SocketAddress[] {
    return this.#current.addresses;
  }

  /** Can other processes listen on some of the addresses? */
  get isShared(): boolean {
    return this.#current.places.some(({ reusePort }) => reusePort);
  }

  #planOf(places: readonly Place[], workers: number): ListenerPlan {
    return new ListenerPlan(places, workers, this.#library !== null);
  }

  /**
   * Open what a configuration needs and what is not open yet. Nothing is closed. Throws a SocketError, after which
   * nothing has changed.
   */
  async plan(wanted: readonly ListenAddress[], workers: number, backlog: number): Promise<ListenerPlan> {
    const present = [...this.#current.places];
    const places: Place[] = [];
    try {
      for (const one of wanted) {
        const known = take(present, formatAddress(one.address));
        places.push(
          this.#library === null
            ? await checkPlace(one, known)
            : openPlace(this.#library, one, known, { workers, backlog }),
        );
      }
    } catch (error) {
      this.discard(this.#planOf(places, workers));
      throw error;
    }
    return this.#planOf(places, workers);
  }

  /**
   * Is there a socket in the plan that workers of the present configuration have to close before others can open it?
   * So it is with a unix socket on the `default` driver, and with all sockets of systems other than Linux.
   */
  isExclusive(plan: ListenerPlan): boolean {
    const present = new Set(this.#current.places.map(({ asked }) => asked));
    return this.#library === null && plan.places.some((one) => present.has(one.asked) && !isShareable(one.address));
  }

  /**
   * Take no new connections on the sockets that are about to be closed, if others listen on the same port: their
   * clients' kernels try again a second later, while those that would be in a socket's queue at its end would be
   * reset. What has begun still arrives, and is to be waited for. `next` is what stays open. False: there is no such
   * socket.
   */
  holdBack(next: ListenerPlan | null): boolean {
    const kept = next?.descriptors ?? new Set();
    const stays = new Set(next?.addresses.map(formatAddress));
    const ending = this.#current.places
      .filter(({ address, reusePort }) => reusePort || stays.has(formatAddress(address)))
      .filter(({ address }) => address.family !== "unix")
      .flatMap(({ descriptors }) => descriptors.filter((descriptor) => !kept.has(descriptor)));
    for (const descriptor of ending) this.#library?.functions.ringway_socket_hold_back(descriptor);
    return ending.length > 0;
  }

  /** The plan is what is listened on from now on: close the rest. */
  commit(plan: ListenerPlan): void {
    if (this.#isClosed) return;
    const before = this.#current;
    this.#current = plan;
    this.#close(before, plan);
  }

  /** The plan does not come about: close what was opened for it. */
  discard(plan: ListenerPlan): void {
    this.#close(plan, this.#isClosed ? this.#planOf([], 0) : this.#current);
  }

  /** Stop listening. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#close(this.#current, this.#planOf([], 0));
  }

  /** Close what is in one plan and not in another one. */
  #close(plan: ListenerPlan, kept: ListenerPlan): void {
    if (this.#library === null) return;
    const open = kept.descriptors;
    for (const { address, descriptors } of plan.places) {
      const ending = descriptors.filter((descriptor) => !open.has(descriptor));
      for (const descriptor of ending) this.#library.functions.ringway_socket_close(descriptor);
      if (ending.length > 0) removeSocketFile(this.#library, address, false);
    }
  }
}

/** Can several threads listen on it, each for itself? node:net refuses that elsewhere than on Linux. */
function isShareable({ family }: SocketAddress): boolean {
  return family !== "unix" && process.platform === "linux";
}

/** The place with an address, which is taken out of the list. */
function take(places: Place[], asked: string): Place | null {
  const exact = places.findIndex((place) => place.asked === asked);
  const index = exact >= 0 ? exact : places.findIndex(({ address }) => formatAddress(address) === asked);
  return index < 0 ? null : (places.splice(index, 1)[0] ?? null);
}

interface OpenOptions {
  readonly workers: number;
  readonly backlog: number;
}

function openPlace(library: Library, wanted: ListenAddress, known: Place | null, options: OpenOptions): Place {
  const { owner, reusePort } = wanted;
  const isUnix = wanted.address.family === "unix";
  const asked = known?.asked ?? formatAddress(wanted.address);
  if (known === null && isUnix) removeSocketFile(library, wanted.address, true);
  // With SO_REUSEPORT two proxies could share a port without noticing.
  if (known === null && !isUnix && !reusePort) probeAddress(library, wanted.address);
  const count = isUnix ? 1 : options.workers;
  const kept = known?.descriptors.slice(0, count) ?? [];
  const { address, descriptors } = openListeners(library, known?.address ?? wanted.address, count - kept.length, {
    backlog: options.backlog,
    // Also for one worker: another configuration may have more.
    reusePort: !isUnix,
  });
  return { asked, address, owner, reusePort, descriptors: [...kept, ...descriptors] };
}

/** Workers on the `default` driver listen by themselves, as node:net can't hand a listener to another thread. */
async function checkPlace({ address, owner, reusePort }: ListenAddress, known: Place | null): Promise<Place> {
  if (known !== null) return { ...known, owner, reusePort };
  const bound = await tryToListen(address, reusePort);
  return { asked: formatAddress(address), address: bound, owner, reusePort, descriptors: [] };
}
