/**
 * GET of a file by wrk, again and again with another value of what is varied. The keys of the metrics end with the
 * value, as in `cpuAt64`.
 *
 * @module
 */
import { FILES, type FileName, startNginxHttp } from "../backends/nginx_http.ts";
import { whyMissing } from "../environment.ts";
import type { Peer, Protocol, RelayOptions } from "../peers/peer.ts";
import { RELAYS, type Relay, startRelay, stopRelay } from "./relay.ts";
import type { Metric, Sample, Subject, Workload, WorkloadContext } from "./workload.ts";
import { measureWrk } from "./wrk.ts";

/** What is varied. */
export interface Variation extends Pick<Workload, "usualPeers"> {
  readonly name: string;
  readonly protocol: Protocol;
  /** What the values are, for people. */
  readonly what: string;
  readonly values: readonly number[];
  readonly file: FileName;
  /** How many connections there are with a value. */
  connections(value: number): number;
  /** How a peer is started for a value; without, one process is measured with all values. */
  relayOptions?(value: number): Pick<RelayOptions, "workers" | "ringwayOptions">;
  /** Does it make sense for a peer? Without, for all. */
  takes?(peer: Peer): boolean;
}

/** A workload that varies something. It is measured only if it is named. */
export function variedWorkload(variation: Variation): Workload {
  const { name, protocol, what, values, file, usualPeers } = variation;
  return {
    name,
    protocol,
    occasion: "named",
    ...(usualPeers === undefined ? {} : { usualPeers }),
    describe: ({ settings }) =>
      `wrk through ${RELAYS[protocol]}: ${what} ${values.join(", ")}; ${connectionsOf(variation)}` +
      `GET of ${FILES[file] / 1024} KiB, keep-alive, ${settings.seconds} s each`,
    metrics: values.flatMap((value): Metric[] => [
      { key: `throughputAt${value}`, label: `${what} ${value}: requests/s`, role: "compared" },
      { key: `cpuAt${value}`, label: "CPU us/request", role: "compared" },
      { key: `p99At${value}`, label: "p99 ms", role: "detail" },
    ]),
    whyNot: (environment) => whyMissing(environment, "nginx", "wrk"),
    subjects: (context) =>
      context.peers
        .filter((peer) => variation.takes?.(peer) ?? true)
        .map((peer) => ({ name: peer.name, isOurs: peer.isOurs, open: () => open(context, variation, peer) })),
  };
}

/** Nothing where they are what is varied. */
function connectionsOf({ values, connections }: Variation): string {
  const counts = new Set(values.map((value) => connections(value)));
  return counts.size === 1 ? `${[...counts].join()} connections, ` : "";
}

async function open(context: WorkloadContext, variation: Variation, peer: Peer): Promise<Subject> {
  const { environment, settings } = context;
  const relays = new Map<number, Relay>();
  const close = async (): Promise<void> => {
    for (const relay of new Set(relays.values())) await stopRelay(relay);
  };
  const most = Math.max(...variation.values.map((value) => variation.connections(value)));
  const start = (value: number): Promise<Relay> => {
    const options = { ...variation.relayOptions?.(value), connections: most };
    return startRelay(environment, peer, options, () => startNginxHttp(environment));
  };
  try {
    for (const value of variation.values) {
      const [first] = relays.values();
      relays.set(value, variation.relayOptions === undefined && first !== undefined ? first : await start(value));
    }
  } catch (error) {
    await close();
    throw error;
  }
  const measure = (value: number, relay: Relay, seconds: number): Promise<Sample> => {
    const load = { request: { file: variation.file }, connections: variation.connections(value), by: "request" };
    return measureWrk(context, { ...load, by: "request" }, relay, seconds);
  };
  return {
    name: peer.name,
    isOurs: peer.isOurs,
    warmUp: async () => {
      for (const relay of new Set(relays.values())) {
        await measure(variation.values[0] ?? 1, relay, settings.warmUpSeconds);
      }
    },
    measure: async () => {
      const samples: [number, Sample][] = [];
      for (const [value, relay] of relays) samples.push([value, await measure(value, relay, settings.seconds)]);
      return combine(samples);
    },
    close,
  };
}

/** One sample from those of all values. */
export function combine(samples: readonly (readonly [value: number, sample: Sample])[]): Sample {
  const values: Record<string, number> = {};
  for (const [value, sample] of samples) {
    for (const [key, figure] of Object.entries(sample.values)) values[`${key}At${value}`] = figure;
  }
  return {
    values,
    notes: samples.flatMap(([value, { notes }]) => notes.map((note) => `at ${value}: ${note}`)),
    raw: samples.map(([value, { raw }]) => ({ value, raw })),
  };
}
