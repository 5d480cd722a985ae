/**
 * A peer between load generator and upstream.
 *
 * @module
 */
import type { Upstream } from "../backends/upstream.ts";
import { startEcho } from "../backends/upstream.ts";
import type { Environment } from "../environment.ts";
import { type Memory, readMemory } from "../measurement/memory.ts";
import type { Peer, Protocol, RelayOptions, RunningPeer } from "../peers/peer.ts";
import type { Sample, Subject, SubjectPlan, WorkloadContext } from "./workload.ts";

/** What a protocol's peers are, for people. */
export const RELAYS: Readonly<Record<Protocol, string>> = { tcp: "TCP relays", http: "HTTP reverse proxies" };

/** A peer and what it relays to. */
export interface Relay {
  readonly peer: RunningPeer;
  readonly upstream: Upstream;
}

/** Start a peer and what it relays to. */
export async function startRelay(
  environment: Environment,
  peer: Peer,
  options: Omit<RelayOptions, "upstreamPort">,
  startUpstream: () => Promise<Upstream>,
): Promise<Relay> {
  const upstream = await startUpstream();
  try {
    return { peer: await peer.start(environment, { ...options, upstreamPort: upstream.port }), upstream };
  } catch (error) {
    await upstream.process.kill();
    throw error;
  }
}

/** Stop both. Some would wait for their connections to end. */
export async function stopRelay({ peer, upstream }: Relay): Promise<void> {
  await peer.process.kill();
  await upstream.process.kill();
}

/** The memory of a relay's peer. Throws with what it said if it has ended. */
export function memoryOf({ peer }: Relay): Memory {
  if (peer.process.isEnded) throw peer.process.failure("ended during the measurement");
  return readMemory(peer.process.pid);
}

/** What a workload does with a relay. */
export interface RelayUse {
  /** So many connections at the same time. */
  readonly connections: number;
  /** One for each peer: connections that have just been closed occupy ports towards an upstream for a while. */
  startUpstream?(): Promise<Upstream>;
  warmUp(relay: Relay): Promise<void>;
  measure(relay: Relay): Promise<Sample>;
}

/** Plans for all peers, each of which runs from before its warm-up until after the last round. */
export function relayPlans({ environment, peers }: WorkloadContext, use: RelayUse): SubjectPlan[] {
  const open = async (peer: Peer): Promise<Subject> => {
    const startUpstream = (): Promise<Upstream> => use.startUpstream?.() ?? startEcho(environment);
    const relay = await startRelay(environment, peer, { connections: use.connections }, startUpstream);
    return {
      name: peer.name,
      isOurs: peer.isOurs,
      warmUp: () => use.warmUp(relay),
      measure: () => use.measure(relay),
      close: () => stopRelay(relay),
    };
  };
  return peers.map((peer) => ({ name: peer.name, isOurs: peer.isOurs, open: () => open(peer) }));
}

/** Plans for all peers. Each is started for each measurement, as what it held before would hide what it needs. */
export function freshRelayPlans(context: WorkloadContext, use: RelayUse): SubjectPlan[] {
  return context.peers.map((peer) => {
    const [plan] = relayPlans({ ...context, peers: [peer] }, use) as [SubjectPlan];
    const measure = async (): Promise<Sample> => {
      const subject = await plan.open();
      try {
        await subject.warmUp();
        return await subject.measure();
      } finally {
        await subject.close();
      }
    };
    const subject: Subject = {
      name: plan.name,
      isOurs: plan.isOurs,
      warmUp: () => Promise.resolve(),
      measure,
      close: () => Promise.resolve(),
    };
    return { ...plan, open: () => Promise.resolve(subject) };
  });
}
