/**
 * nginx with static files.
 *
 * @module
 */
import { readFile, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import type { Environment } from "../environment.ts";
import { nginxCommand } from "../peers/nginx.ts";
import { untilAccepting } from "../peers/peer.ts";
import { unusedPort } from "../processes/ports.ts";
import { StartedProcess } from "../processes/started.ts";
import { fill } from "../template.ts";
import type { Upstream } from "./upstream.ts";

const TEMPLATE = new URL("nginx_http.conf", import.meta.url);

/** The files, by name, and their sizes. */
export const FILES = { "0": 0, "4k": 4096, "64k": 65_536, "10m": 10_485_760, "1g": 1_073_741_824 } as const;

/** The name of a file. */
export type FileName = keyof typeof FILES;

/** Larger ones take no space. */
const LARGEST_WRITTEN = FILES["10m"];

async function writeFileOf(environment: Environment, name: string, bytes: number): Promise<void> {
  const path = await environment.write(name, new Uint8Array(bytes > LARGEST_WRITTEN ? 0 : bytes).fill(0x61));
  if (bytes > LARGEST_WRITTEN) await truncate(path, bytes);
}

/** Start it. */
export async function startNginxHttp(environment: Environment): Promise<Upstream> {
  const listen = await unusedPort();
  for (const [name, bytes] of Object.entries(FILES)) await writeFileOf(environment, name, bytes);
  const name = `nginx-http-${listen}.conf`;
  const path = await environment.write(name, "");
  await environment.write(name, fill(await readFile(TEMPLATE, "utf8"), { folder: dirname(path), listen }));
  const { descriptors, placement } = environment;
  const process = new StartedProcess([...descriptors.wrapper, ...placement.upstream, ...nginxCommand(path)]);
  return untilAccepting(process, listen);
}
