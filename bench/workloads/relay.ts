/**
 * A peer between load generator and upstream.
 *
 * @module
 */
import type { Upstream } from "../backends/upstream.ts";
import { startEcho } from "../backends/upstream.ts";
import type { Peer, RunningPeer } from "../peers/peer.ts";
import type { Sample, Subject, SubjectPlan, WorkloadContext } from "./workload.ts";

/** A peer and what it relays to. */
export interface Relay {
  readonly peer: RunningPeer;
  readonly upstream: Upstream;
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
    const upstream = await (use.startUpstream?.() ?? startEcho(environment));
    try {
      const running = await peer.start(environment, { upstreamPort: upstream.port, connections: use.connections });
      const relay = { peer: running, upstream };
      return {
        name: peer.name,
        isOurs: peer.isOurs,
        warmUp: () => use.warmUp(relay),
        measure: () => use.measure(relay),
        close: async () => {
          // Some would wait for their connections to end.
          await running.process.kill();
          await upstream.process.kill();
        },
      };
    } catch (error) {
      await upstream.process.kill();
      throw error;
    }
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
