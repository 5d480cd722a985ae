/**
 * What is measured side by side.
 *
 * @module
 */
import { createConnection } from "node:net";
import type { Environment, ProgramName } from "../environment.ts";
import { StartedProcess } from "../processes/started.ts";

/** How a peer is to relay. */
export interface RelayOptions {
  /** Relay to this port of 127.0.0.1. */
  readonly upstreamPort: number;
  /** So many connections at the same time. */
  readonly connections: number;
  /** With so many workers; 1 if not given. More only on a peer that has them. */
  readonly workers?: number;
  /** More options of ringway's command; the others have none. */
  readonly ringwayOptions?: readonly string[];
}

/** A relay that accepts connections. */
export interface RunningPeer {
  /** Its port on 127.0.0.1. */
  readonly port: number;
  readonly process: StartedProcess;
}

/** What is relayed: the bytes of connections, or requests and responses. */
export type Protocol = "tcp" | "http";

/** A program that relays. One that can do so in two ways is two peers with the same name. */
export interface Peer {
  readonly name: string;
  readonly protocol: Protocol;
  /** Is it ringway, which the others are compared with? */
  readonly isOurs: boolean;
  /** Given on the command line, as what ringway is to be like. */
  readonly isReference: boolean;
  /** Is it measured unless others are asked for? */
  readonly isDefault: boolean;
  /** Can it have several workers? */
  readonly hasWorkers?: boolean;
  /** Does it relay only what the workloads send? What else it does wrong is then remarked, and no failure. */
  readonly isPartial?: boolean;
  /** Programs that are installed only for this peer. */
  readonly needs?: readonly ProgramName[];
  /** Why it can't be started; `null` if it can. */
  whyNot(environment: Environment): string | null;
  /** Start it. Resolves when it accepts connections. */
  start(environment: Environment, options: RelayOptions): Promise<RunningPeer>;
}

/** A command as the process of a peer: with enough descriptors, and on its processor. */
export function startPeerProcess(environment: Environment, command: readonly string[]): StartedProcess {
  const { descriptors, placement } = environment;
  return new StartedProcess([...descriptors.wrapper, ...placement.proxy, ...command]);
}

const ACCEPT_TIMEOUT_MS = 10_000;
const ATTEMPT_MS = 20;

/** Resolves when a process accepts connections on a port. */
export async function untilAccepting(process: StartedProcess, port: number): Promise<RunningPeer> {
  const deadline = Date.now() + ACCEPT_TIMEOUT_MS;
  while (!(await accepts(port))) {
    if (process.isEnded || Date.now() > deadline) {
      await process.stop();
      throw process.failure(`did not accept connections on port ${port}`);
    }
    await new Promise((resolve) => setTimeout(resolve, ATTEMPT_MS));
  }
  return { process, port };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
