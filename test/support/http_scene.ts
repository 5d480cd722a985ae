/**
 * A proxy in front of an upstream under the test's control.
 *
 * @module
 */
import { RunningCommand } from "./command.ts";
import { type Answer, client, type Peer, RawUpstream, respond, ScriptedUpstream } from "./http_peers.ts";

/** The command with its usual options for one driver, in front of ports on this machine. */
export function startProxy(
  driver: string,
  upstreamPorts: readonly number[],
  options: readonly string[] = [],
  listen = "127.0.0.1:0",
): RunningCommand {
  const to = upstreamPorts.flatMap((port) => ["--to", `http://127.0.0.1:${port}`]);
  return new RunningCommand(["--listen", listen, "--workers", "1", "--socket-interface", driver, ...to, ...options]);
}

/** Without anything special: the target, and the body's data if there is one. */
export const echoTarget: Answer = (request, peer) => peer.send(respond(request.startLine.split(" ")[1] ?? ""));

/** A proxy and its upstream. */
export class Scene {
  readonly upstream: ScriptedUpstream;
  readonly command: RunningCommand;
  readonly port: number;

  private constructor(upstream: ScriptedUpstream, command: RunningCommand, port: number) {
    this.upstream = upstream;
    this.command = command;
    this.port = port;
  }

  static async start(driver: string, options: readonly string[] = [], answer: Answer = echoTarget): Promise<Scene> {
    const upstream = await ScriptedUpstream.start(answer);
    const command = startProxy(driver, [upstream.port], options);
    return new Scene(upstream, command, await command.port());
  }

  client(): Promise<Peer> {
    return client(this.port);
  }

  async close(): Promise<void> {
    await this.command.stop();
    await this.upstream.close();
  }
}

/** Do something with a proxy of its own, whose upstream is read by the test. */
export async function withRawUpstream(
  driver: string,
  options: readonly string[],
  use: (scene: { client: Peer; upstream: RawUpstream; command: RunningCommand; port: number }) => Promise<void>,
): Promise<void> {
  const upstream = await RawUpstream.start();
  const command = startProxy(driver, [upstream.port], options);
  try {
    const port = await command.port();
    const first = await client(port);
    await use({ client: first, upstream, command, port });
    first.destroy();
  } finally {
    await command.stop();
    await upstream.close();
  }
}

/** Do something with a proxy of its own, whose upstream answers by itself. */
export async function withScene(
  driver: string,
  options: readonly string[],
  answer: Answer,
  use: (scene: Scene) => Promise<void>,
): Promise<void> {
  const scene = await Scene.start(driver, options, answer);
  try {
    await use(scene);
  } finally {
    await scene.close();
  }
}
