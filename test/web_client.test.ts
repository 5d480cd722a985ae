/**
 * `HttpClient` with real servers, on real drivers. What only depends on bytes and times is tried in lib/web on a
 * simulated network.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import type { HttpClientError } from "../lib/web/errors.ts";
import { until, unusedPort } from "./support/command.ts";
import { DRIVERS, withHttpClient, withServer } from "./support/web_scene.ts";

const LARGE = Uint8Array.from({ length: 3_000_000 }, (_, at) => (at * 31 + (at >> 11)) & 0xff);
const LARGE_SHA256 = sha256(LARGE);

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A server of node:http, which counts its connections. */
async function withNodeServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  use: (origin: string, connections: () => number, server: Server) => Promise<void>,
): Promise<void> {
  let connections = 0;
  const server = createServer(answer);
  server.on("connection", () => connections++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, () => connections, server);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

for (const driver of DRIVERS) {
  describe(`the HTTP client on the ${driver} driver`, () => {
    it("fetches from node:http, on connections that are kept", async () => {
      const answer = (request: IncomingMessage, response: ServerResponse): void => {
        if (request.url === "/echo") request.pipe(response);
        else if (request.url === "/large") response.end(LARGE);
        else response.end(`${request.method} ${request.url}`);
      };
      await withNodeServer(answer, async (origin, connections) => {
        await withHttpClient(driver, async (client) => {
          for (let round = 0; round < 20; round++) {
            assert.equal(await (await client.fetch(`${origin}/${round}`)).text(), `GET /${round}`);
          }
          assert.equal(connections(), 1);
          const echo = await client.fetch(`${origin}/echo`, { method: "POST", body: LARGE });
          assert.equal(sha256(new Uint8Array(await echo.arrayBuffer())), LARGE_SHA256);
          const body = new Blob([LARGE]).stream();
          const streamed = await client.fetch(`${origin}/echo`, { method: "PUT", body, duplex: "half" } as RequestInit);
          assert.equal(sha256(new Uint8Array(await streamed.arrayBuffer())), LARGE_SHA256);
          const large = await client.fetch(`${origin}/large`);
          assert.equal(sha256(new Uint8Array(await large.arrayBuffer())), LARGE_SHA256);
          const many = await Promise.all(
            Array.from({ length: 200 }, async (_, index) => (await client.fetch(`${origin}/${index}`)).text()),
          );
          assert.deepEqual(
            many,
            many.map((_, index) => `GET /${index}`),
          );
          assert.ok(connections() <= 64, `${connections()}`);
        });
      });
    });

    it("fetches from serve, by name", async () => {
      await withServer(
        driver,
        async (request) => new Response(`${request.headers.get("host")} ${await request.text()}`),
        {},
        async ({ port }) => {
          await withHttpClient(driver, async (client) => {
            const url = `http://localhost:${port}/`;
            const response = await client.fetch(url, { method: "POST", body: "abc" });
            assert.equal(await response.text(), `localhost:${port} abc`);
            assert.equal(response.url, url);
          });
        },
      );
    });

    it("sends a request again that crossed the end of its connection", async () => {
      await withNodeServer(
        (_request, response) => response.end("x"),
        async (origin, connections, server) => {
          await withHttpClient(driver, async (client) => {
            for (let round = 0; round < 5; round++) {
              assert.equal(await (await client.fetch(origin)).text(), "x");
              server.closeAllConnections();
            }
            assert.equal(connections(), 5);
          });
        },
      );
    });

    it("says what is wrong", async () => {
      await withHttpClient(driver, async (client) => {
        const port = await unusedPort();
        await assert.rejects(client.fetch(`http://127.0.0.1:${port}/`), (error: HttpClientError) => {
          assert.equal(error.code, "ERR_CONNECT");
          assert.equal((error.cause as { code: string }).code, "ECONNREFUSED");
          return true;
        });
        await assert.rejects(client.fetch("http://name.invalid/"), { code: "ERR_NAME" });
      });
    });

    it("ends with its signal, and the server sees it", async () => {
      let isGone = false;
      await withNodeServer(
        (_request, response) => {
          response.write("x");
          response.on("close", () => {
            isGone = true;
          });
        },
        async (origin) => {
          await withHttpClient(driver, async (client) => {
            const abort = new AbortController();
            const response = await client.fetch(origin, { signal: abort.signal });
            const text = response.text();
            abort.abort();
            await assert.rejects(text, { name: "AbortError" });
            await until(() => isGone, "the connection was closed");
          });
        },
      );
    });
  });
}
