import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import process from "node:process";
import { describe, it } from "node:test";
import { ipAddress, type SocketAddress } from "../../net/address.ts";
import { until } from "../../net/default/test_harness.ts";
import { runtimePath } from "../../net/default/unix_path.ts";
import { httpProbe } from "./http_probe.ts";
import { tcpProbe } from "./tcp_probe.ts";
import { healthCheckOptions } from "./test_fake_checks.ts";

/** A server, what it received, and its connections. */
interface Scene {
  readonly address: SocketAddress;
  readonly port: number;
  readonly sockets: Socket[];
  readonly received: () => string;
}

async function withServer(
  serve: (socket: Socket) => void,
  use: (scene: Scene) => Promise<void>,
  path?: string,
): Promise<void> {
  const sockets: Socket[] = [];
  let received = "";
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.on("data", (bytes: Uint8Array) => (received += new TextDecoder().decode(bytes)));
    serve(socket);
  });
  if (path === undefined) server.listen(0, "127.0.0.1");
  else server.listen(runtimePath(path));
  await once(server, "listening");
  const port = path === undefined ? (server.address() as AddressInfo).port : 0;
  const address: SocketAddress = path === undefined ? ipAddress("127.0.0.1", port) : { family: "unix", path };
  try {
    await use({ address, port, sockets, received: () => received });
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((closed) => server.close(closed));
  }
}

/** A port that nobody listens on: it was free a moment ago. */
async function unusedPort(): Promise<number> {
  let port = 0;
  await withServer(
    () => {},
    async (scene) => {
      port = scene.port;
    },
  );
  return port;
}

const never = new AbortController().signal;
const options = healthCheckOptions;
/** For what never comes. */
const SHORT = { ...options, timeoutMs: 50 };

function answering(response: string): (socket: Socket) => void {
  return (socket) => socket.once("data", () => void socket.end(response));
}

const GOOD = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

describe("a TCP check", () => {
  it("is good when a connection is made, and closes it without having sent anything", () =>
    withServer(
      () => {},
      async ({ address, sockets, received }) => {
        assert.equal(await tcpProbe(options)(address, never), null);
        await until(() => sockets[0]?.readableEnded === true || sockets[0]?.destroyed === true, "its end");
        assert.equal(received(), "");
      },
    ));

  it("is bad where nobody listens", async () => {
    assert.equal(await tcpProbe(options)(ipAddress("127.0.0.1", await unusedPort()), never), "connection refused");
    const missing = { family: "unix", path: `/tmp/ringway-no-socket-${process.pid}` } as const;
    assert.equal(await tcpProbe(options)(missing, never), "no such socket");
  });

  it("can ask another port", () =>
    withServer(
      () => {},
      async ({ port }) => {
        const endpoint = ipAddress("127.0.0.1", await unusedPort());
        assert.equal(await tcpProbe({ ...options, port })(endpoint, never), null);
      },
    ));
});

describe("an HTTP check", () => {
  it("sends one request that says what it is, and closes its connection", () =>
    withServer(answering(GOOD), async ({ address, port, sockets, received }) => {
      assert.equal(await httpProbe({ ...options, path: "/healthz?a=b" })(address, never), null);
      assert.equal(
        received(),
        `GET /healthz?a=b HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nuser-agent: ringway-health-check\r\n` +
          "accept: */*\r\nconnection: close\r\n\r\n",
      );
      await until(() => sockets[0]?.destroyed === true, "its end");
    }));

  it("can name a host", () =>
    withServer(answering(GOOD), async ({ address, received }) => {
      assert.equal(await httpProbe({ ...options, host: "web.test" })(address, never), null);
      assert.match(received(), /\r\nhost: web\.test\r\n/);
    }));

  for (const path of [`/tmp/ringway-health-${process.pid}.sock`, `@ringway-health-${process.pid}`]) {
    it(`can ask a unix socket: ${path[0]}`, () =>
      withServer(
        answering(GOOD),
        async ({ address, received }) => {
          // A unix socket has no port that could be another one.
          assert.equal(await httpProbe({ ...options, port: 1 })(address, never), null);
          assert.match(received(), /\r\nhost: localhost\r\n/);
        },
        path,
      ));
  }

  it("looks at the status", () =>
    withServer(answering("HTTP/1.1 503 Unavailable\r\ncontent-length: 0\r\n\r\n"), async ({ address }) => {
      assert.equal(await httpProbe(options)(address, never), "status 503");
      const asExpected = httpProbe({ ...options, expectedStatuses: [[500, 503]] });
      assert.equal(await asExpected(address, never), null);
    }));

  it("is bad where nobody listens", async () => {
    assert.equal(await httpProbe(options)(ipAddress("127.0.0.1", await unusedPort()), never), "connection refused");
  });

  it("is bad when the server hangs, before its response or in it", async () => {
    for (const serve of [() => {}, (socket: Socket) => void socket.write(GOOD.slice(0, -1))]) {
      await withServer(serve, async ({ address, sockets }) => {
        assert.equal(await httpProbe(SHORT)(address, never), "no answer within 50 ms");
        await until(() => sockets[0]?.destroyed === true || sockets[0]?.readableEnded === true, "its end");
      });
    }
  });

  it("is bad when the connection ends before the response", () =>
    withServer(
      (socket) => void socket.once("data", () => socket.end()),
      async ({ address }) => {
        assert.equal(await httpProbe(options)(address, never), "closed without a response");
      },
    ));

  it("is bad when the connection is reset", () =>
    withServer(
      (socket) => void socket.once("data", () => socket.resetAndDestroy()),
      async ({ address }) => {
        assert.equal(await httpProbe(options)(address, never), "connection reset");
      },
    ));

  it("does not read a response without an end", () =>
    withServer(
      (socket) => {
        const more = () => {
          while (!socket.destroyed && socket.write(new Uint8Array(16384)));
        };
        socket.once("data", () => {
          socket.write("HTTP/1.1 200 OK\r\n\r\n");
          socket.on("drain", more);
          more();
        });
      },
      async ({ address }) => {
        assert.equal(await httpProbe({ ...options, timeoutMs: 10_000 })(address, never), null);
      },
    ));

  it("can be broken off", () =>
    withServer(
      () => {},
      async ({ address, sockets }) => {
        const stop = new AbortController();
        const result = httpProbe({ ...options, timeoutMs: 60_000 })(address, stop.signal);
        await until(() => sockets.length === 1, "the connection");
        stop.abort();
        assert.equal(await result, "stopped");
      },
    ));
});

describe("what would be more than one request", () => {
  const bad = [
    { path: "" },
    { path: "healthz" },
    { path: "/a b" },
    { path: "/\r\nx: y" },
    { path: "/\0" },
    { host: "a\r\nx: y" },
    { host: "a b" },
    { host: "a/b" },
  ];
  for (const wrong of bad) {
    it(`is refused: ${JSON.stringify(wrong)}`, () => {
      assert.throws(() => httpProbe({ ...options, ...wrong }), { name: "RingwayError", code: "ERR_CONFIG" });
    });
  }

  it("is not what a check may ask for", () => {
    for (const good of [{ path: "/healthz?full=1&a=%20" }, { host: "a.test:80" }, { host: "[::1]" }]) {
      assert.equal(typeof httpProbe({ ...options, ...good }), "function");
    }
  });
});
