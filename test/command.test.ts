/**
 * The command: its options, what it prints, and how it ends.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import process from "node:process";
import { describe, it } from "node:test";
import { VERSION } from "../lib/version.ts";
import { connect, RunningCommand, runToEnd } from "./support/command.ts";
import { startEcho } from "./support/servers.ts";

const ANY_PORT = ["--listen", "127.0.0.1:0"];

describe("the command without an upstream", () => {
  it("says on one line where it listens, by which driver and why, and what to try", async () => {
    const command = new RunningCommand([...ANY_PORT, "--workers", "2"]);
    try {
      const line = await command.ready();
      const port = await command.port();
      assert.match(line, new RegExp(`^ringway ${VERSION} ready: 127\\.0\\.0\\.1:${port} -> the built-in demo; `));
      assert.match(line, /; socket interface (uring|default) \(.+\); kernel \d+\.\d+\S*; 2 workers; (bun|deno) \d/);
      assert.ok(line.endsWith(`; try: curl http://127.0.0.1:${port}/`), line);
      const response = await fetch(`http://127.0.0.1:${port}/some/path`);
      assert.equal(await response.text(), "Hello from behind ringway: GET /some/path\n");
    } finally {
      await command.stop();
    }
    assert.equal(command.out.split("\n").length, 2, "one line and nothing else");
  });
});

describe("addresses", () => {
  it("listens on several addresses, IPv6 and unix sockets included", async () => {
    const echo = await startEcho();
    const path = `/tmp/ringway-test-${crypto.randomUUID()}.sock`;
    const listen = ["--listen", "127.0.0.1:0", "--listen", "[::1]:0", "--listen", `unix:${path}`];
    const command = new RunningCommand([...listen, "--workers", "2", "--to", `tcp://127.0.0.1:${echo.port}`]);
    try {
      const [port = 0, port6 = 0] = await command.ports();
      for (const address of [{ port, host: "127.0.0.1" }, { port: port6, host: "::1" }, { path }]) {
        const socket = await connect(address);
        socket.end("ping");
        assert.equal(await readAll(socket), "ping");
      }
    } finally {
      await command.stop();
      await echo.close();
    }
  });

  it("relays to an upstream that is named, and to a unix socket", async () => {
    const echo = await startEcho();
    const path = `/tmp/ringway-test-${crypto.randomUUID()}.sock`;
    const unixEcho = await startEcho({ path });
    for (const to of [`tcp://localhost:${echo.port}`, `unix:${path}`]) {
      const command = new RunningCommand([...ANY_PORT, "--workers", "1", "--to", to]);
      try {
        const socket = await connect({ port: await command.port() });
        socket.end("ping");
        assert.equal(await readAll(socket), "ping", to);
      } finally {
        await command.stop();
      }
    }
    await echo.close();
    await unixEcho.close();
  });

  it("takes over a unix socket that a killed process left behind", async () => {
    const path = `/tmp/ringway-test-${crypto.randomUUID()}.sock`;
    const first = new RunningCommand(["--listen", `unix:${path}`, "--workers", "1"]);
    await first.ready();
    await first.stop();
    const second = new RunningCommand(["--listen", `unix:${path}`, "--workers", "1"]);
    try {
      assert.match(await second.ready(), /ready: unix:/);
    } finally {
      await second.stop();
    }
  });
});

describe("--forwarded", () => {
  it("adds the field Forwarded to requests", async () => {
    const seen: (string | undefined)[] = [];
    const server = createHttpServer((request, response) => {
      seen.push(request.headers.forwarded);
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const to = ["--to", `http://127.0.0.1:${port}`, "--workers", "1"];
    for (const options of [[], ["--forwarded"]]) {
      const command = new RunningCommand([...ANY_PORT, ...to, ...options]);
      try {
        const own = await command.port();
        await (await fetch(`http://127.0.0.1:${own}/`)).text();
        if (options.length > 0) assert.equal(seen.pop(), `for=127.0.0.1;host="127.0.0.1:${own}";proto=http`);
        else assert.equal(seen.pop(), undefined);
      } finally {
        await command.stop();
      }
    }
    server.close();
    server.closeAllConnections();
  });
});

describe("mistakes in the arguments", () => {
  const mistakes: [arguments_: string[], message: RegExp][] = [
    [["--lisen", "127.0.0.1:0"], /unknown option '--lisen'\n\(Did you mean --listen\?\)/],
    [["--listen", "127.0.0.1"], /the port is missing, such as 127\.0\.0\.1:80/],
    [["--listen", "::1:80"], /an IPv6 address stands in brackets/],
    [["--listen", "127.0.0.1:99999"], /no valid port: it is a number from 0 to 65535/],
    [["--to", "127.0.0.1:80"], /has no scheme: write tcp:\/\/127\.0\.0\.1:80/],
    [["--to", "srv:_http._tcp.a.test"], /write http:\/\/srv:_http\._tcp\.a\.test or tcp:/],
    [["--to", "udp://127.0.0.1:80"], /the scheme "udp" is unknown/],
    [["--workers", "0"], /"auto" or a whole number from 1 to 250/],
    [["--idle-timeout-ms", "-1"], /It is a whole number from 0/],
    [["--io-uring-size", "4"], /It is a whole number from 8 to 32768/],
    [["--socket-interface", "epoll"], /Allowed choices are auto, uring, default/],
    [["surplus"], /too many arguments/],
  ];
  for (const [arguments_, message] of mistakes) {
    it(`says what is wrong with "${arguments_.join(" ")}" and exits with 2`, async () => {
      const finished = await runToEnd(arguments_);
      assert.match(finished.error, message);
      assert.equal(finished.code, 2);
      assert.equal(finished.out, "");
      assertNoStack(finished.error);
    });
  }
});

describe("--help and --version", () => {
  it("print on standard output and exit with 0", async () => {
    const help = await runToEnd(["--help"]);
    assert.equal(help.code, 0);
    for (const option of ["--listen", "--to", "--workers", "--socket-interface", "--io-uring-size", "--accept-size"]) {
      assert.ok(help.out.includes(option), option);
    }
    assert.doesNotMatch(help.out, /default: \[\]/, "which says nothing");
    const version = await runToEnd(["--version"]);
    assert.equal(version.out, `ringway ${VERSION}\n`);
    assert.equal(version.code, 0);
  });
});

describe("--check", () => {
  it("exits with 0 when a proxy could start", async () => {
    const checked = await runToEnd([...ANY_PORT, "--to", "tcp://localhost:1", "--check"]);
    assert.match(checked.out, /the configuration is good; socket interface/);
    assert.equal(checked.code, 0);
  });

  it("exits with 1 and the reason when it could not", async () => {
    const checked = await runToEnd([...ANY_PORT, "--to", "tcp://no-such-host.invalid:1", "--check"]);
    assert.match(checked.error, /Cannot resolve "no-such-host\.invalid": no such host/);
    assert.equal(checked.code, 1);
    assertNoStack(checked.error);
  });
});

describe("failures at the start", () => {
  it("names a port that is in use, whatever the number of workers", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as { port: number };
    for (const workers of ["1", "2"]) {
      const finished = await runToEnd(["--listen", `127.0.0.1:${port}`, "--workers", workers]);
      assert.match(finished.error, new RegExp(`Cannot listen on 127\\.0\\.0\\.1:${port}: the address is in use`));
      assert.equal(finished.code, 1);
      assertNoStack(finished.error);
    }
    taken.close();
  });

  it("does not share a port with another proxy by accident", async () => {
    const first = new RunningCommand([...ANY_PORT, "--workers", "2"]);
    try {
      const second = await runToEnd(["--listen", `127.0.0.1:${await first.port()}`, "--workers", "2"]);
      assert.match(second.error, /the address is in use/);
      assert.equal(second.code, 1);
    } finally {
      await first.stop();
    }
  });

  it("names an address that the machine does not have", async () => {
    const finished = await runToEnd(["--listen", "192.0.2.1:0"]);
    assert.match(finished.error, /Cannot listen on 192\.0\.2\.1:0: this machine does not have the address/);
    assert.equal(finished.code, 1);
  });

  it("names the directory that a unix socket needs", async () => {
    for (const driver of ["auto", "default"]) {
      const finished = await runToEnd(["--listen", "unix:/no/such/directory/socket", "--socket-interface", driver]);
      assert.match(finished.error, /there is no directory "\/no\/such\/directory" \(ENOENT\); make it, or choose/);
      assert.equal(finished.code, 1);
      assertNoStack(finished.error);
    }
  });

  it("names the permission that a low port needs", async (t) => {
    // As root, an unprivileged user is taken for the process.
    if (process.getuid?.() !== 0) return t.skip("needs root to become another user");
    const wrapper = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    const environment = { HOME: "/tmp", DENO_DIR: process.env["DENO_DIR"] ?? "" };
    const finished = await runToEnd(["--listen", "127.0.0.1:80"], { wrapper, environment });
    assert.match(
      finished.error,
      /Cannot listen on 127\.0\.0\.1:80: no permission \(EACCES\); ports below 1024 need root/,
    );
    assert.equal(finished.code, 1);
    assertNoStack(finished.error);
  });
});

function assertNoStack(text: string): void {
  assert.doesNotMatch(text, /^\s+at /m, "no stack for a user's mistake");
}

async function readAll(socket: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const bytes of socket) text += new TextDecoder().decode(bytes as unknown as Uint8Array);
  return text;
}
