/** The examples, each run as its comment says. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { connect, RunningCommand, runToEnd } from "./support/command.ts";
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
    assert.match(out, /^connections: 1, of them cut off at the end: 0$/m);
  } finally {
    await command.stop();
    await upstream.close();
  }
});

test("examples/ringway.yaml is good, and names the schema that editors use", async () => {
  const checked = await runToEnd(["--config", "examples/ringway.yaml", "--check"]);
  assert.match(checked.out, /the configuration is good/, checked.error);
  const project = fileURLToPath(new URL("..", import.meta.url));
  const [, schema = ""] = /\$schema=(\S+)/.exec(readFileSync(`${project}/examples/ringway.yaml`, "utf8")) ?? [];
  assert.match(readFileSync(`${project}/examples/${schema}`, "utf8"), /"title": "ringway\.yaml"/);
});

test("examples/ringway.config.ts relays to what the environment says", async () => {
  const upstream = createServer((_request, response) => void response.end("hello"));
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const { port } = upstream.address() as AddressInfo;
  const environment = { LISTEN: "127.0.0.1:0", WEB: `127.0.0.1:${port}` };
  const command = new RunningCommand(["--config", "examples/ringway.config.ts"], { environment });
  try {
    const response = await fetch(`http://127.0.0.1:${await command.port()}/`);
    assert.equal(await response.text(), "hello");
  } finally {
    await command.stop();
    upstream.close();
    upstream.closeAllConnections();
  }
});
