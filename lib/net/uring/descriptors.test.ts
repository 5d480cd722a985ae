/** Descriptors: none is kept, and what happens when there are none left. */
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { FEATURE_MULTISHOT_ACCEPT } from "../../../ffi/abi.ts";
import { loadLibrary } from "../../../ffi/library.ts";
import { runtime } from "../../../ffi/runtime.ts";
import { DEADLINE_MS, TEST_TIMEOUT_MS } from "../conformance/harness.ts";
import { INDIFFERENT } from "../conformance/scene.ts";
import { openListener } from "./driver.ts";
import { inScene, openUringHarness, uringTest } from "./test_harness.ts";

const library = await loadLibrary();
const TEST = { timeout: TEST_TIMEOUT_MS };

/** What the process of `test_acceptor_process.ts` says and is told. */
class Acceptor {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly lines: string[] = [];
  #errors = "";
  #onLine: () => void = () => {};

  /** Start it with this many descriptors at the most. */
  constructor(descriptors: number, acceptSize: number, disabledFeatures: number) {
    const script = fileURLToPath(new URL("./test_acceptor_process.ts", import.meta.url));
    const run = runtime.name === "deno" ? ["run", "-A"] : ["run"];
    const command = [process.execPath, ...run, script, acceptSize, disabledFeatures]
      .map((word) => `'${word}'`)
      .join(" ");
    this.#child = spawn("/bin/sh", ["-c", `ulimit -n ${descriptors}; exec ${command}`]);
    this.#child.stderr.on("data", (data) => {
      this.#errors += data;
    });
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      this.lines.push(line);
      this.#onLine();
    });
  }

  /** Wait until something was said. */
  async until(condition: (lines: readonly string[]) => boolean, what: string): Promise<void> {
    const deadlineMs = performance.now() + DEADLINE_MS;
    while (!condition(this.lines)) {
      assert.ok(performance.now() < deadlineMs, `waited in vain for ${what}: ${this.lines} ${this.#errors}`);
      await new Promise<void>((resolve) => {
        this.#onLine = resolve;
        setTimeout(resolve, 50);
      });
    }
  }

  tell(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  count(word: string): number {
    return this.lines.filter((line) => line.startsWith(word)).length;
  }

  async port(): Promise<number> {
    await this.until((lines) => lines.length > 0, "the port");
    return Number(this.lines[0]?.split(" ")[1]);
  }

  async turns(): Promise<number> {
    const before = this.count("turns");
    this.tell("turns");
    await this.until(() => this.count("turns") > before, "the number of turns");
    return Number(this.lines.findLast((line) => line.startsWith("turns"))?.split(" ")[1]);
  }

  async stop(): Promise<void> {
    this.tell("stop");
    await this.until((lines) => lines.includes("closed"), "the end of the process");
    if (this.#child.exitCode === null) await once(this.#child, "exit");
    assert.equal(this.#child.exitCode, 0, this.#errors);
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

for (const [name, acceptSize, disabledFeatures] of [
  ["multishot accept", 1, 0],
  ["single accepts", 5, FEATURE_MULTISHOT_ACCEPT],
] as const) {
  test(`accepting rests without spinning when descriptors run out, and goes on, with ${name}`, TEST, async () => {
    const acceptor = new Acceptor(100, acceptSize, disabledFeatures);
    const sockets: Socket[] = [];
    try {
      const port = await acceptor.port();
      for (let i = 0; i < 120; i++) sockets.push(connect(port, "127.0.0.1").on("error", () => {}));
      await acceptor.until(() => acceptor.count("error EMFILE") > 0, "EMFILE");
      const accepted = acceptor.count("accepted");
      assert.ok(accepted > 10 && accepted < 100, `${accepted} were accepted`);
      // It tries again more and more rarely: a fraction of the turns of a loop that spins, which are thousands.
      const before = await acceptor.turns();
      await acceptor.until(() => acceptor.count("error") >= 4, "it to try again");
      assert.ok((await acceptor.turns()) - before < 300);
      assert.equal(acceptor.count("accepted"), accepted);

      for (const socket of sockets.slice(0, 60)) socket.end();
      await acceptor.until(() => acceptor.count("accepted") === 120, "the others to be accepted");
      await acceptor.stop();
    } finally {
      for (const socket of sockets) socket.destroy();
      acceptor.kill();
    }
  });
}

test("no descriptor is left after hundreds of connections of every ending", TEST, async () => {
  const openDescriptors = () => readdirSync("/proc/self/fd").length;
  // Whatever the runtime opens on first use is open after the first round.
  let before = 0;
  for (let round = 0; round < 3; round++) {
    await inScene({}, async (scene) => {
      const acceptor = await scene.listen("ipv4", { end: (connection) => connection.shutdownWrite() });
      const clients = Array.from({ length: 100 }, () => scene.connect(acceptor.listener));
      await scene.until(() => acceptor.accepted.length === 100, "100 connections");
      for (const [index, { connection }] of clients.entries()) {
        connection.writeBytes(new Uint8Array(1000));
        if (index % 4 === 0) connection.close();
        else if (index % 4 === 1) connection.reset();
        else if (index % 4 === 2) connection.shutdownWrite();
      }
      await scene.until(() => scene.driver.connectionCount <= 50, "most of them to end");
    });
    if (round === 0) before = openDescriptors();
  }
  assert.equal(openDescriptors(), before);
});

test("a listening descriptor that it is given stays open when the listener closes", TEST, async () => {
  const harness = await openUringHarness();
  const { driver } = harness;
  const descriptor = openListener(library, harness.listenAddress(), {});
  let accepted = 0;
  const handler = {
    onAccept() {
      accepted++;
      return INDIFFERENT;
    },
  };
  const first = await driver.listen(harness.listenAddress(), handler, { descriptor });
  driver.connect(first.address, INDIFFERENT);
  await harness.until(() => accepted === 1, "a connection");
  let closed = false;
  first.close().then(() => {
    closed = true;
  });
  await harness.until(() => closed, "the listener to be closed");
  const second = await driver.listen(harness.listenAddress(), handler, { descriptor });
  assert.deepEqual(second.address, first.address);
  driver.connect(second.address, INDIFFERENT);
  await harness.until(() => accepted === 2, "another connection");
  await harness.close();
  assert.equal(library.functions.ringway_socket_close(descriptor), 0);
});

uringTest("slots and descriptors are used again, and old completions name nobody", {}, async (scene, { driver }) => {
  const acceptor = await scene.listen("ipv4", { end: (connection) => connection.close() });
  for (let round = 0; round < 50; round++) {
    const { client } = await scene.pairOn(acceptor);
    client.connection.writeBytes(new Uint8Array(100_000));
    if (round % 2 === 0) client.connection.reset();
    else client.connection.close();
    // The next connection takes the place of this one, while the kernel may still be busy with it.
  }
  await scene.until(() => driver.connectionCount === 0, "all connections to be free");
  assert.equal(driver.staleCompletions, 0);
});
