import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";
import { describe, it } from "node:test";
import { checkBothWays, checkEnd, checkTogether, serve } from "./relay_check.ts";

const PAYLOAD = randomBytes(1 << 20);

async function listen(onSocket: (socket: Socket) => void): Promise<{ port: number; close(): void }> {
  const server = createServer(onSocket);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

describe("the check of a relay", () => {
  it("is content with one that relays", async () => {
    const upstream = await listen((socket) => serve(socket, PAYLOAD));
    const relay = await listen((downstream) => {
      const socket = createConnection(upstream.port, "127.0.0.1");
      downstream.pipe(socket).pipe(downstream);
    });
    assert.equal(await checkBothWays(relay.port, PAYLOAD), null);
    assert.equal(await checkTogether(relay.port, PAYLOAD), null);
    assert.equal(await checkEnd(relay.port, PAYLOAD), null);
    relay.close();
    upstream.close();
  });

  it("finds a changed byte in either direction", async () => {
    for (const [isUpload, found] of [
      [false, "a download came with other bytes"],
      [true, "an upload came with other bytes"],
    ] as const) {
      const upstream = await listen((socket) => serve(socket, PAYLOAD));
      const relay = await listen((downstream) => {
        const socket = createConnection(upstream.port, "127.0.0.1");
        const [changed, plain] = isUpload ? [downstream, socket] : [socket, downstream];
        plain.pipe(changed);
        let seen = 0;
        changed.on("data", (bytes: Uint8Array) => {
          const copy = bytes.slice();
          // Not the byte that asks.
          if (seen <= 100 && seen + copy.length > 100) copy[100 - seen] = (copy[100 - seen] as number) ^ 1;
          seen += copy.length;
          plain.write(copy);
        });
        changed.on("end", () => plain.end());
      });
      assert.equal(await checkBothWays(relay.port, PAYLOAD), found);
      relay.close();
      upstream.close();
    }
  });

  it("finds bytes that came to another connection", async () => {
    const upstream = await listen((socket) => serve(socket, PAYLOAD));
    const waiting: { readonly downstream: Socket; readonly socket: Socket }[] = [];
    const relay = await listen((downstream) => {
      const socket = createConnection(upstream.port, "127.0.0.1");
      downstream.pipe(socket);
      const other = waiting.pop();
      if (other === undefined) return void waiting.push({ downstream, socket });
      // Two get each other's answers.
      socket.pipe(other.downstream);
      other.socket.pipe(downstream);
    });
    assert.match((await checkTogether(relay.port, PAYLOAD)) ?? "", / among others came with other bytes$/);
    relay.close();
    upstream.close();
  });

  it("finds a connection that ends too early", async () => {
    const relay = await listen((socket) => {
      socket.on("error", () => {});
      socket.end("short");
    });
    const found = /a download( that ends)? failed: (a connection ended after 5 of 1048576 bytes|.*(ECONNRESET|EPIPE))/;
    assert.match((await checkBothWays(relay.port, PAYLOAD)) ?? "", found);
    assert.match((await checkEnd(relay.port, PAYLOAD)) ?? "", found);
    relay.close();
  });
});
