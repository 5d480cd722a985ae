/**
 * What changes with the number of connections, of workers, and with ringway's options.
 *
 * @module
 */
import { peerNames } from "./usual_peers.ts";
import { variedWorkload } from "./varied.ts";
import type { Workload } from "./workload.ts";

const CONNECTIONS = 64;
/** Enough that one turn has more to submit than a small queue takes. */
const MANY_CONNECTIONS = 256;

/** Reverse proxies with 1 to 512 connections. */
export const sweepConnections: Workload = variedWorkload({
  name: "sweep-connections",
  protocol: "http",
  what: "connections",
  values: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
  file: "4k",
  connections: (value) => value,
  usualPeers: peerNames("nearest"),
});

/** Reverse proxies with one worker and with two. */
export const workers: Workload = variedWorkload({
  name: "workers",
  protocol: "http",
  what: "workers",
  values: [1, 2],
  file: "4k",
  connections: () => CONNECTIONS,
  relayOptions: (value) => ({ workers: value }),
  takes: ({ hasWorkers }) => hasWorkers === true,
});

/** ringway's options that have to do with io_uring, each by itself, as a TCP relay. */
export const sweepOptions: readonly Workload[] = [
  variedWorkload({
    ...optionOf("read-buffer-size"),
    values: [2048, 4096, 8192, 16384, 32768, 65536],
    // A small response fits any of them.
    file: "64k",
    connections: () => CONNECTIONS,
    relayOptions: (value) => ({ ringwayOptions: [`--read-buffer-size=${value}`] }),
  }),
  variedWorkload({
    ...optionOf("io-uring-size"),
    values: [32, 128, 512, 2048],
    file: "4k",
    connections: () => MANY_CONNECTIONS,
    relayOptions: (value) => ({ ringwayOptions: [`--io-uring-size=${value}`] }),
  }),
  variedWorkload({
    ...optionOf("use-submission-queue-polling"),
    values: [0, 1],
    file: "4k",
    connections: () => CONNECTIONS,
    relayOptions: (value) => ({ ringwayOptions: value === 1 ? ["--use-submission-queue-polling"] : [] }),
  }),
];

function optionOf(option: string) {
  return {
    name: `sweep-options-${option}`,
    protocol: "tcp",
    what: option,
    takes: ({ isOurs }: { readonly isOurs: boolean }) => isOurs,
  } as const;
}
