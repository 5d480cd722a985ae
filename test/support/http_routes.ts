/**
 * A proxy in this process, with a configuration as its author writes it, in front of named upstreams.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { StatisticName } from "../../lib/proxy/statistics.ts";
import { checkValue } from "../../lib/server/config_file/check.ts";
import type { ConfigFile } from "../../lib/server/config_file/types.ts";
import { type RunningProxy, startProxy } from "../../lib/server/start_proxy.ts";
import { until } from "./command.ts";
import { type Answer, client, type Message, type Peer, respond, ScriptedUpstream } from "./http_peers.ts";

/** The drivers that every test runs on. */
export const DRIVERS = ["uring", "default"] as const;

/** The name of a driver. */
export type DriverName = (typeof DRIVERS)[number];

/** Of a configuration file; one worker, and any port, if nothing else is said. */
export type ProxyFile = Omit<ConfigFile, "listeners"> & {
  readonly listeners: readonly (Omit<ConfigFile["listeners"][number], "listen"> & { readonly listen?: string })[];
};

/** A proxy that runs in this process. */
export class TestProxy {
  readonly running: RunningProxy;
  /** What it said. */
  readonly log: readonly string[];

  private constructor(running: RunningProxy, log: readonly string[]) {
    this.running = running;
    this.log = log;
  }

  static async start(driver: DriverName, file: ProxyFile): Promise<TestProxy> {
    const listeners = file.listeners.map((listener) => ({ listen: "127.0.0.1:0", ...listener }));
    const whole: ConfigFile = { workers: 1, socket_interface: driver, drain_timeout_ms: 3000, ...file, listeners };
    const log: string[] = [];
    const { config } = checkValue("test", whole, import.meta.url);
    return new TestProxy(
      await startProxy(config, { log: (level, message) => void log.push(`${level} ${message}`) }),
      log,
    );
  }

  /** The port of a listener, by its number. */
  port(listener = 0): number {
    const address = this.running.addresses[listener];
    assert.ok(address !== undefined && address.family !== "unix");
    return address.port;
  }

  /** A client's connection to a listener, by its number. */
  client(listener = 0): Promise<Peer> {
    return client(this.port(listener));
  }

  /** One request on a connection of its own. */
  async exchange(request: string, listener = 0): Promise<Message> {
    const peer = await this.client(listener);
    peer.send(request);
    const response = await peer.response(request.slice(0, request.indexOf(" ")));
    peer.destroy();
    return response;
  }

  count(name: StatisticName): number {
    return this.running.statistics()[name];
  }

  /** Resolves when a number of its statistics is what it should be. */
  async counts(name: StatisticName, expected: number): Promise<void> {
    await until(() => this.count(name) === expected, `${name} is ${expected}; it is ${this.count(name)}`);
  }

  close(): Promise<void> {
    return this.running.close();
  }
}

/** What else than named upstreams a scene has. */
export type SceneFile = (endpoint: (name: string) => string) => ProxyFile;

/** A proxy, and upstreams that are known by their names. */
export class RouteScene {
  readonly proxy: TestProxy;
  readonly upstreams: ReadonlyMap<string, ScriptedUpstream>;

  private constructor(proxy: TestProxy, upstreams: ReadonlyMap<string, ScriptedUpstream>) {
    this.proxy = proxy;
    this.upstreams = upstreams;
  }

  static async start(driver: DriverName, names: readonly string[], file: SceneFile): Promise<RouteScene> {
    const upstreams = new Map<string, ScriptedUpstream>();
    for (const name of names) upstreams.set(name, await ScriptedUpstream.start(answerName(name)));
    const endpoint = (name: string) => `127.0.0.1:${upstreams.get(name)?.port ?? assert.fail(name)}`;
    return new RouteScene(await TestProxy.start(driver, file(endpoint)), upstreams);
  }

  /** An upstream by its name. */
  readonly upstream = (name: string): ScriptedUpstream => this.upstreams.get(name) ?? assert.fail(name);

  /** Begin anew: upstreams answer with their names and have seen nothing. */
  reset(): void {
    for (const [name, upstream] of this.upstreams) {
      upstream.answer = answerName(name);
      upstream.requests.length = 0;
    }
  }

  /** The last request that an upstream saw. */
  readonly seen = (name: string): Message => this.upstream(name).requests.at(-1) ?? assert.fail(`${name} saw nothing`);

  /** Also checks that no request is left of those that the tests made. */
  async close(): Promise<void> {
    await this.proxy.counts("http_requests_active", 0).finally(() => this.proxy.close());
    for (const upstream of this.upstreams.values()) {
      await upstream.close();
      assert.deepEqual(upstream.errors, []);
    }
  }
}

/** Do something with a scene of its own. */
export async function withRoutes(
  driver: DriverName,
  names: readonly string[],
  file: SceneFile,
  use: (scene: RouteScene) => Promise<void>,
): Promise<void> {
  const scene = await RouteScene.start(driver, names, file);
  try {
    await use(scene);
  } finally {
    await scene.close();
  }
}

/** Answers with the upstream's name. */
export function answerName(name: string): Answer {
  return (_, peer) => peer.send(respond(name));
}

/** A request without a body. */
export function get(target: string, fields = "", host = "a", method = "GET"): string {
  return `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n`;
}

/** A request with a body that has a length. */
export function post(target: string, body: string, fields = "", method = "POST"): string {
  return `${method} ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`;
}
