import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Server } from "node:net";
import { describe, it } from "node:test";
import { checkBodies, checkChunkedBodies, createUpstream } from "./http_relay_check.ts";

const PAYLOAD = randomBytes(1 << 20);

async function listen(server: Server): Promise<{ port: number; close(): void }> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

/** A relay of bytes that changes one of them, far behind the head. */
function changing(upstreamPort: number, isUpload: boolean): Server {
  return createServer((downstream) => {
    const upstream = createConnection(upstreamPort, "127.0.0.1");
    const [changed, plain] = isUpload ? [downstream, upstream] : [upstream, downstream];
    for (const socket of [changed, plain]) socket.on("error", () => {});
    plain.pipe(changed);
    let seen = 0;
    changed.on("data", (bytes: Uint8Array) => {
      const copy = bytes.slice();
      const place = 100_000 - seen;
      if (place >= 0 && place < copy.length) copy[place] = (copy[place] as number) ^ 1;
      seen += copy.length;
      plain.write(copy);
    });
    changed.on("end", () => plain.end());
  });
}

describe("the check of a reverse proxy", () => {
  it("is content with one that changes nothing", async () => {
    const upstream = await listen(createUpstream(PAYLOAD));
    assert.equal(await checkBodies(upstream.port, PAYLOAD), null);
    assert.equal(await checkChunkedBodies(upstream.port, PAYLOAD), null);
    upstream.close();
  });

  it("finds a changed byte in either direction", async () => {
    const upstream = await listen(createUpstream(PAYLOAD));
    const download = await listen(changing(upstream.port, false));
    assert.equal(await checkBodies(download.port, PAYLOAD), "a download came with other bytes");
    const upload = await listen(changing(upstream.port, true));
    assert.equal(await checkBodies(upload.port, PAYLOAD), "an upload came with other bytes");
    for (const server of [download, upload, upstream]) server.close();
  });

  it("finds a failed response and a body that is cut", async () => {
    for (const [answer, found] of [
      ["HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", /a download failed: the response has the status 502/],
      ["HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort", /a download (failed|came with other bytes)/],
    ] as const) {
      const server = createServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => socket.end(answer));
      });
      const relay = await listen(server);
      assert.match((await checkBodies(relay.port, PAYLOAD)) ?? "", found);
      relay.close();
    }
  });
});
