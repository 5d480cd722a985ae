/** The default driver in processes of their own: without permissions, and without descriptors. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import process from "node:process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { EACCES, EMFILE } from "../ffi/abi.ts";
import { runtime } from "../ffi/runtime.ts";
import { connect, runtimeCommand, until } from "./support/command.ts";
import { missing, run } from "./support/programs.ts";

const MODULE = fileURLToPath(new URL("./support/default_driver.ts", import.meta.url));
const ONLY_DENO = runtime.name !== "deno" && "only Deno has permissions";
/** Deno gives a Deno that it starts all permissions, unless it is given one. */
const NO_PERMISSION = ["--no-prompt", "--allow-env=RINGWAY_DISABLE"];

type Line = Readonly<Record<string, unknown>>;

async function lines(
  arguments_: readonly string[],
  permissions?: readonly string[],
  wrapper: readonly string[] = [],
): Promise<Line[]> {
  const [program = "", ...rest] = [...wrapper, ...runtimeCommand(MODULE, arguments_, permissions)];
  const { out, error, code } = await run(program, rest);
  assert.equal(code, 0, error);
  return out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

test("a driver that is closed lets its process end", async () => {
  const [line, ...more] = await lines(["listen"]);
  assert.ok(line !== undefined && "listening" in line);
  assert.deepEqual(more, []);
});

test("the permission that a low port needs is named", async (t) => {
  if (process.getuid?.() !== 0) return t.skip("needs root to become another user");
  const wrapper = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "HOME=/tmp"];
  const [line] = await lines(["listen", "127.0.0.1", "1"], undefined, wrapper);
  assert.equal(line?.["code"], "EACCES");
  assert.match(String(line?.["message"]), /^Cannot listen on 127\.0\.0\.1:1: no permission \(EACCES\)/);
});

test("an address that the machine does not have is named", async () => {
  const [line] = await lines(["listen", "192.0.2.1", "0"]);
  assert.equal(line?.["code"], "EADDRNOTAVAIL");
  assert.match(String(line?.["message"]), /^Cannot listen on 192\.0\.2\.1:0: this machine does not have the address/);
});

test("listening without the permission names it", { skip: ONLY_DENO }, async () => {
  const [line] = await lines(["listen"], NO_PERMISSION);
  assert.equal(line?.["code"], "ERR_PERMISSION");
  assert.match(String(line?.["message"]), /^Cannot listen on 127\.0\.0\.1:0: .*--allow-net/);
});

test("connecting without the permission ends the connection with EACCES", { skip: ONLY_DENO }, async () => {
  assert.deepEqual(await lines(["connect", "127.0.0.1", "9"], NO_PERMISSION), [{ closed: EACCES }]);
});

/** A server with few descriptors, and what it printed. */
class SmallServer {
  readonly lines: Line[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  constructor(descriptors: number) {
    const [program = "", ...rest] = ["prlimit", `--nofile=${descriptors}`, ...runtimeCommand(MODULE, ["serve"])];
    this.#child = spawn(program, rest, { stdio: ["ignore", "pipe", "inherit"] });
    this.#ended = new Promise((resolve) => this.#child.once("close", () => resolve()));
    const { stdout } = this.#child;
    if (stdout === null) throw new Error("no output");
    createInterface({ input: stdout }).on("line", (line) => this.lines.push(JSON.parse(line) as Line));
  }

  count(key: string): number {
    return this.lines.filter((line) => key in line).length;
  }

  find(key: string): unknown {
    return this.lines.find((line) => key in line)?.[key];
  }

  async port(): Promise<number> {
    await until(() => this.count("listening") > 0, "it listened");
    return (this.find("listening") as { port: number }).port;
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}

/** Does the server answer on this connection? */
async function echoes(socket: Socket): Promise<boolean> {
  let answered = 0;
  socket.on("data", (bytes: Uint8Array) => (answered += bytes.length));
  socket.write("?");
  await until(() => answered > 0, "an answer");
  return true;
}

test("a process without descriptors rests, says so, and accepts again", { skip: missing("prlimit") }, async () => {
  const server = new SmallServer(60);
  const sockets: Socket[] = [];
  try {
    const port = await server.port();
    for (let i = 0; i < 80; i++) {
      const socket = await connect({ port });
      socket.on("error", () => {});
      sockets.push(socket);
    }
    await until(() => server.count("cpuShare") > 0, "two reports");
    assert.equal(server.find("acceptError"), EMFILE);
    const accepted = server.count("accepted");
    assert.ok(accepted < 60, `${accepted} were accepted with 60 descriptors`);
    // It may not go on with trying without end: then the share would be 1.
    assert.ok((server.find("cpuShare") as number) < 0.5, `${server.find("cpuShare")} of a CPU was used`);
    // Those that are open are served meanwhile.
    assert.ok(await echoes(sockets[0] as Socket));
    for (const socket of sockets.splice(0, 60)) socket.destroy();
    await until(() => server.count("accepted") === 80, "the others were accepted");
    for (const socket of sockets) assert.ok(await echoes(socket));
    sockets.push(await connect({ port }));
    assert.ok(await echoes(sockets.at(-1) as Socket));
  } finally {
    for (const socket of sockets) socket.destroy();
    await server.stop();
  }
});
