/**
 * A proxy with the filters of `filter_cases.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { RunningCommand, type RunOptions, until, unusedPort } from "./command.ts";
import type { EndEvent } from "./filter_cases.ts";
import { type Answer, client, type Peer, respond, ScriptedUpstream } from "./http_peers.ts";
import { startUpstream, type Upstream } from "./servers.ts";

const CONFIG = new URL("filter_cases.ts", import.meta.url).pathname;

/** Says what arrived: the request line, and the body if there is one. */
export const echoAll: Answer = (request, peer) => {
  peer.send(respond(request.body === "" ? request.startLine : request.body, "content-type: text/plain\r\n"));
};

/** Says which upstream it is. */
export const other: Answer = (_request, peer) => peer.send(respond("other"));

/** A proxy, its upstreams, and the server that filters ask. */
export class FilterScene {
  readonly command: RunningCommand;
  readonly port: number;
  readonly upstream: ScriptedUpstream;
  readonly #servers: readonly (ScriptedUpstream | Upstream)[];

  private constructor(
    command: RunningCommand,
    port: number,
    upstream: ScriptedUpstream,
    servers: readonly (ScriptedUpstream | Upstream)[],
  ) {
    this.command = command;
    this.port = port;
    this.upstream = upstream;
    this.#servers = servers;
  }

  static async start(driver: string, environment: Readonly<Record<string, string>> = {}): Promise<FilterScene> {
    const upstream = await ScriptedUpstream.start(echoAll);
    const servers = [
      upstream,
      await ScriptedUpstream.start(other),
      await ScriptedUpstream.start(other),
      // It accepts connections, and reads nothing.
      await startUpstream((socket) => void socket.pause()),
    ];
    const [UPSTREAM = "", OTHER = "", SIDE = "", SILENT = ""] = servers.map(({ port }) => `127.0.0.1:${port}`);
    const DEAD = `127.0.0.1:${await unusedPort()}`;
    const command = startFilterCommand({ DRIVER: driver, UPSTREAM, OTHER, SIDE, SILENT, DEAD, ...environment });
    return new FilterScene(command, await command.port(), upstream, servers);
  }

  client(): Promise<Peer> {
    return client(this.port);
  }

  /** How the exchanges with that id have ended, and what filters noted of it. */
  async events(id: string): Promise<{ ends: EndEvent[]; notes: string[] }> {
    const response = await fetch(`http://127.0.0.1:${this.port}/events`, { headers: { connection: "close" } });
    const all = (await response.json()) as { ends: EndEvent[]; notes: string[] };
    const notes = all.notes.filter((note) => note.startsWith(`${id} `)).map((note) => note.slice(id.length + 1));
    return { ends: all.ends.filter((end) => end.id === id), notes };
  }

  /** The only end of the exchange with that id, once there is one. */
  async end(id: string): Promise<EndEvent> {
    let ends: EndEvent[] = [];
    await until(async () => {
      ends = (await this.events(id)).ends;
      return ends.length > 0;
    }, `the exchange ${id} has ended`);
    assert.equal(ends.length, 1);
    return ends[0] as EndEvent;
  }

  /** Resolves when a filter has noted that. */
  async noted(id: string, note: string): Promise<void> {
    await until(async () => (await this.events(id)).notes.includes(note), `there is the note "${note}" of ${id}`);
  }

  async close(): Promise<void> {
    await this.command.stop();
    await Promise.all(this.#servers.map((server) => server.close()));
  }
}

/** The command with these filters. */
export function startFilterCommand(environment: Readonly<Record<string, string>>): RunningCommand {
  return new RunningCommand(["--config", CONFIG], { environment } satisfies RunOptions);
}
