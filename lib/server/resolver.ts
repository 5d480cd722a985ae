/**
 * Turns names into addresses, and keeps doing so while a proxy runs.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { RingwayError } from "../../ffi/errors.ts";
import { formatAddress, ipAddress, type SocketAddress } from "../net/address.ts";
import type { Target } from "./config.ts";
import { formatTarget } from "./target.ts";

/** A name that could not be resolved. */
export class ResolveError extends RingwayError {
  /** Make an error for a target and the resolver's error. */
  constructor(target: Target, cause: unknown) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    const advice =
      code === "ENOTFOUND" ? "no such host; check the name" : "the name server did not answer as it should";
    super(`Cannot resolve "${target.family === "name" ? target.host : target.path}": ${advice} (${code})`, {
      code: "ERR_RESOLVE",
      source: "upstream",
      operation: `resolve ${formatTarget(target)}`,
      cause,
    });
  }
}

/** All addresses of a target. Throws a {@linkcode ResolveError}. */
export async function resolveTarget(target: Target): Promise<SocketAddress[]> {
  if (target.family === "unix") return [target];
  if (isIP(target.host) !== 0) return [ipAddress(target.host, target.port)];
  try {
    const found = await lookup(target.host, { all: true });
    return found.map(({ address }) => ipAddress(address, target.port));
  } catch (error) {
    throw new ResolveError(target, error);
  }
}

/** Told what a {@linkcode Resolver} finds. */
export interface ResolverHandler {
  /** The addresses changed. */
  onAddresses(addresses: readonly SocketAddress[]): void;
  /** A name that could be resolved before can't be now; its last addresses stay in use. */
  onResolveError(error: ResolveError): void;
}

/** Resolves the names among targets again and again. */
export class Resolver {
  readonly #targets: readonly Target[];
  readonly #intervalMs: number;
  readonly #handler: ResolverHandler;
  readonly #latest = new Map<Target, readonly SocketAddress[]>();
  readonly #failing = new Set<Target>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #stopped = false;

  /** A resolver that looks every `intervalMs` milliseconds; 0: only once. */
  constructor(targets: readonly Target[], intervalMs: number, handler: ResolverHandler) {
    this.#targets = targets;
    this.#intervalMs = intervalMs;
    this.#handler = handler;
  }

  /** Resolve everything for the first time. Throws a {@linkcode ResolveError}. */
  async start(): Promise<readonly SocketAddress[]> {
    const found = await Promise.all(this.#targets.map(resolveTarget));
    for (const [index, target] of this.#targets.entries()) this.#latest.set(target, found[index] ?? []);
    this.#plan();
    return this.#all();
  }

  /** Resolve no more. */
  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #all(): SocketAddress[] {
    return this.#targets.flatMap((target) => this.#latest.get(target) ?? []);
  }

  #plan(): void {
    const hasNames = this.#targets.some((target) => target.family === "name" && isIP(target.host) === 0);
    if (this.#stopped || this.#intervalMs === 0 || !hasNames) return;
    this.#timer = setTimeout(() => void this.#refresh(), this.#intervalMs);
  }

  async #refresh(): Promise<void> {
    const before = fingerprint(this.#all());
    await Promise.all(this.#targets.map((target) => this.#refreshTarget(target)));
    if (this.#stopped) return;
    const addresses = this.#all();
    if (fingerprint(addresses) !== before) this.#handler.onAddresses(addresses);
    this.#plan();
  }

  async #refreshTarget(target: Target): Promise<void> {
    try {
      this.#latest.set(target, await resolveTarget(target));
      this.#failing.delete(target);
    } catch (error) {
      // Said once, not at every attempt.
      if (this.#failing.has(target) || !(error instanceof ResolveError)) return;
      this.#failing.add(target);
      this.#handler.onResolveError(error);
    }
  }
}

/** Name servers answer in any order: only another set of addresses is a change. */
function fingerprint(addresses: readonly SocketAddress[]): string {
  return addresses.map(formatAddress).sort().join(" ");
}
