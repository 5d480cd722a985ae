/**
 * What can go wrong on a simulated network, and how often.
 *
 * @module
 */
import { EHOSTUNREACH, EMFILE, ENETUNREACH, ETIMEDOUT } from "../../../ffi/abi.ts";
import { formatAddress, type SocketAddress } from "../address.ts";
import type { Random } from "./random.ts";

/** The faults of connections. A probability is from 0, never, to 1, always; all are 0 at first. */
export interface Faults {
  /** Connecting is refused though somebody listens. */
  readonly connectRefusedProbability: number;
  /** Connecting is never answered. */
  readonly connectHangProbability: number;
  /** Connecting fails with one of `connectErrnos`. */
  readonly connectErrorProbability: number;
  /** What connecting may fail with. */
  readonly connectErrnos: readonly number[];
  /** Both sides see a reset once the connection has carried some bytes, of both directions together. */
  readonly resetAfterBytesProbability: number;
  /** How many bytes, at the most. */
  readonly resetAfterMaximumBytes: number;
  /** Both sides see a reset at some moment after the connection was made. */
  readonly resetProbability: number;
  /** How long after, at the most. */
  readonly resetAfterMaximumMs: number;
  /** Accepting begins to fail with `acceptErrno`. */
  readonly acceptErrorProbability: number;
  /** What accepting fails with. */
  readonly acceptErrno: number;
  /** How long accepting goes on failing, at the most. */
  readonly acceptErrorMaximumMs: number;
  /** One side of a connection stops reading after some bytes. Each side is drawn for itself. */
  readonly readerStallProbability: number;
  /** After how many bytes, at the most. */
  readonly readerStallAfterMaximumBytes: number;
  /** For how long, at the most; `Infinity`: for ever. */
  readonly readerStallMaximumMs: number;
  /** A connection carries no more than `slowLinkBytesPerMs`. */
  readonly slowLinkProbability: number;
  /** How fast a slow connection is. */
  readonly slowLinkBytesPerMs: number;
  /** A receive finds no buffer and has to wait. Each receive is drawn for itself. */
  readonly noBuffersProbability: number;
  /** For how long, at the most. */
  readonly noBuffersMaximumMs: number;
}

/** Nothing goes wrong; the bounds are those that a probability alone would bring. */
export const NO_FAULTS: Faults = {
  connectRefusedProbability: 0,
  connectHangProbability: 0,
  connectErrorProbability: 0,
  connectErrnos: [EHOSTUNREACH, ENETUNREACH, ETIMEDOUT],
  resetAfterBytesProbability: 0,
  resetAfterMaximumBytes: 65536,
  resetProbability: 0,
  resetAfterMaximumMs: 1000,
  acceptErrorProbability: 0,
  acceptErrno: EMFILE,
  acceptErrorMaximumMs: 200,
  readerStallProbability: 0,
  readerStallAfterMaximumBytes: 65536,
  readerStallMaximumMs: 1000,
  slowLinkProbability: 0,
  slowLinkBytesPerMs: 10,
  noBuffersProbability: 0,
  noBuffersMaximumMs: 20,
};

/** Which faults there are, in general and at single addresses. */
export class FaultPlan {
  readonly #byAddress = new Map<string, Partial<Faults>>();
  #general: Faults = NO_FAULTS;

  /**
   * Change faults, for all connections or for those to one address. What an address has of its own
   * goes before what holds in general, whichever was set first.
   */
  set(changes: Partial<Faults>, address?: SocketAddress): void {
    if (address === undefined) {
      this.#general = { ...this.#general, ...changes };
      return;
    }
    const name = formatAddress(address);
    this.#byAddress.set(name, { ...this.#byAddress.get(name), ...changes });
  }

  /** Nothing goes wrong any more with connections that are made from now on. */
  clear(): void {
    this.#general = NO_FAULTS;
    this.#byAddress.clear();
  }

  /** The faults of connections to an address. */
  at(address: SocketAddress): Faults {
    const own = this.#byAddress.get(formatAddress(address));
    return own === undefined ? this.#general : { ...this.#general, ...own };
  }
}

/** When and for how long one side of a connection does not read. */
export interface Stall {
  readonly afterBytes: number;
  readonly durationMs: number;
}

/** What will happen to one connection. `Infinity` stands for never and for no limit. */
export interface WireFate {
  readonly resetAfterBytes: number;
  readonly resetAfterMs: number;
  readonly bytesPerMs: number;
  readonly clientStall: Stall | null;
  readonly serverStall: Stall | null;
  readonly noBuffersProbability: number;
  readonly noBuffersMaximumMs: number;
}

/** Draw what will happen to a connection. */
export function drawFate(faults: Faults, random: Random): WireFate {
  return {
    resetAfterBytes: random.chance(faults.resetAfterBytesProbability)
      ? random.between(0, faults.resetAfterMaximumBytes)
      : Number.POSITIVE_INFINITY,
    resetAfterMs: random.chance(faults.resetProbability)
      ? random.between(0, faults.resetAfterMaximumMs)
      : Number.POSITIVE_INFINITY,
    bytesPerMs: random.chance(faults.slowLinkProbability) ? faults.slowLinkBytesPerMs : Number.POSITIVE_INFINITY,
    clientStall: drawStall(faults, random),
    serverStall: drawStall(faults, random),
    noBuffersProbability: faults.noBuffersProbability,
    noBuffersMaximumMs: faults.noBuffersMaximumMs,
  };
}

function drawStall(faults: Faults, random: Random): Stall | null {
  if (!random.chance(faults.readerStallProbability)) return null;
  return {
    afterBytes: random.between(0, faults.readerStallAfterMaximumBytes),
    durationMs: drawMs(faults.readerStallMaximumMs, random),
  };
}

/** 1 to `maximumMs`, or for ever. */
export function drawMs(maximumMs: number, random: Random): number {
  return maximumMs === Number.POSITIVE_INFINITY ? maximumMs : random.between(1, Math.max(1, maximumMs));
}
