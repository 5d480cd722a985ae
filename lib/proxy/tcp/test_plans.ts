/**
 * What simulations draw from their seed: how large they are, what goes wrong, and how peers behave.
 *
 * @module
 */
import type { Faults } from "../../net/memory/faults.ts";
import type { Random } from "../../net/memory/random.ts";
import type { TcpProxyOptions } from "./tcp_proxy.ts";
import { HEAD_BYTES, type Script } from "./test_peer.ts";

/** What a seed draws. */
export interface Plan {
  readonly clients: number;
  readonly workers: number;
  readonly endpoints: number;
  readonly options: TcpProxyOptions;
  readonly capacityBytes: number;
  readonly clockJumpProbability: number;
  readonly faults: Partial<Faults>;
  /** Faults of some endpoints. */
  readonly endpointFaults: readonly Partial<Faults>[];
  readonly drawScript: (isClient: boolean) => Script;
}

const PROXY_OPTIONS: TcpProxyOptions = {
  connectTimeoutMs: 2000,
  idleTimeoutMs: 0,
  connectAttempts: 3,
  maximumConnections: 1000,
};

/** How a client or an upstream behaves. */
export function drawScript(random: Random, isClient: boolean, hasResets: boolean): Script {
  const bytes = random.chance(0.15) ? 0 : random.between(HEAD_BYTES, random.pick([HEAD_BYTES, 3000, 20_000]));
  const endings: Script["ending"][] = isClient ? ["shutdown"] : ["shutdown", "answer", "answer"];
  if (hasResets) endings.push("close", "reset");
  return {
    bytes,
    chunkBytes: random.pick([1000, 30_000]),
    isPolite: random.chance(0.8),
    pauseProbability: random.pick([0, 0, 0.1, 0.5]),
    ending: random.pick(endings),
    resetAfterMs: hasResets && random.chance(0.1) ? random.below(500) : -1,
  };
}

/** No peer resets, and no fault loses anything. */
export function calmPlan(random: Random): Plan {
  return {
    clients: random.between(1, 10),
    workers: random.between(1, 2),
    endpoints: random.between(1, 3),
    options: { ...PROXY_OPTIONS, maximumConnections: random.pick([1, 3, 1000]) },
    capacityBytes: random.pick([500, 8192, 65536]),
    clockJumpProbability: 0,
    faults: {
      acceptErrorProbability: random.pick([0, 0, 0.3]),
      readerStallProbability: random.pick([0, 0, 0.3]),
      noBuffersProbability: random.pick([0, 0, 0.1]),
      slowLinkProbability: random.pick([0, 0.3]),
      slowLinkBytesPerMs: 200,
    },
    endpointFaults: [],
    drawScript: (isClient) => drawScript(random, isClient, false),
  };
}

/** Anything may happen. */
export function roughPlan(random: Random): Plan {
  const calm = calmPlan(random);
  const odds = () => (random.chance(0.3) ? random.pick([0.05, 0.5]) : 0);
  const endpointFaults = Array.from({ length: calm.endpoints }, () => ({
    connectRefusedProbability: odds(),
    connectHangProbability: odds(),
    connectErrorProbability: odds(),
  }));
  return {
    ...calm,
    options: { ...calm.options, connectAttempts: random.between(1, 3), connectTimeoutMs: random.pick([50, 2000]) },
    clockJumpProbability: random.pick([0, 0, 0.002]),
    faults: { ...calm.faults, resetProbability: odds(), resetAfterBytesProbability: odds() },
    endpointFaults,
    drawScript: (isClient) => drawScript(random, isClient, true),
  };
}
