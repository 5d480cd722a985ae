/** The examples, each run as its comment says. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { connect, RunningCommand } from "./support/command.ts";
import { startNamed } from "./support/servers.ts";

test("examples/tcp_proxy.ts relays, and counts at its end", async () => {
  const upstream = await startNamed("upstream");
  const arguments_ = ["127.0.0.1:0", `tcp://127.0.0.1:${upstream.port}`];
  const command = new RunningCommand(arguments_, { module: "examples/tcp_proxy.ts" });
  try {
    const [, port] = /^listening on 127\.0\.0\.1:(\d+)$/.exec(await command.ready()) ?? [];
    const client = await connect({ port: Number(port) });
    const [greeting] = (await once(client, "data")) as [Uint8Array];
    assert.equal(new TextDecoder().decode(greeting), "upstream");
    client.destroy();
    command.signal("SIGTERM");
    const { code, out } = await command.finished;
    assert.equal(code, 0);
    assert.match(out, /^1 connections, 0 of them cut off at the end$/m);
  } finally {
    await command.stop();
    await upstream.close();
  }
});
