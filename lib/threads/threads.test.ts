/** Threads that run a module: what they can do, on both drivers. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import process from "node:process";
import { describe, it } from "node:test";
import type { RingwayError } from "../../ffi/errors.ts";
import { TEST_TIMEOUT_MS } from "../net/conformance/harness.ts";
import { until } from "../net/default/test_harness.ts";
import { startThreads, type Threads, type ThreadsOptions } from "./mod.ts";
import type { Said, SceneData } from "./test_thread.ts";

const MODULE = new URL("./test_thread.ts", import.meta.url);
const TEST = { timeout: TEST_TIMEOUT_MS };
const HELLO = "1 2 3";

interface Scene {
  readonly threads: Threads;
  readonly said: (readonly [index: number, ...Said])[];
  readonly problems: RingwayError[];
}

type SceneOptions = Omit<ThreadsOptions<SceneData, Said>, "data" | "onMessage" | "onProblem">;

/** Start threads of a scene, and write down what they say. */
async function start(scene: string, options: SceneOptions = {}, value: unknown = null): Promise<Scene> {
  const said: Scene["said"] = [];
  const problems: RingwayError[] = [];
  const threads = await startThreads<SceneData, Said>(MODULE, {
    count: 2,
    ...options,
    data: { scene, value },
    onMessage: (message, index) => void said.push([index, ...message]),
    onProblem: (problem) => void problems.push(problem),
  });
  return { threads, said, problems };
}

/** What was said, without by whom. */
function words({ said }: Scene, index: number): string[] {
  return said.filter(([by]) => by === index).map(([, what]) => what);
}

function valueSaid({ said }: Scene, index: number, what: string): unknown {
  return said.find(([by, word]) => by === index && word === what)?.[2];
}

async function connected(where: { port: number } | { path: string }): Promise<Socket> {
  const socket = createConnection("port" in where ? { host: "127.0.0.1", ...where } : where);
  await once(socket, "connect");
  socket.on("error", () => {});
  return socket;
}

/** Resolves at its end, also if that is a reset. */
function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

async function ask(socket: Socket, question = "?"): Promise<string> {
  socket.write(question);
  const [bytes] = (await once(socket, "data")) as [Uint8Array];
  return new TextDecoder().decode(bytes);
}

function port({ threads }: Scene, index = 0): number {
  const address = threads.addresses[index];
  assert.ok(address !== undefined && address.family !== "unix" && address.port > 0);
  return address.port;
}

let unixSockets = 0;

for (const socketInterface of ["uring", "default"] as const) {
  describe(`threads on the ${socketInterface} driver`, () => {
    it("are told what they are, talk, and end in order", TEST, async () => {
      const scene = await start("talk", { socketInterface }, { text: "data", bytes: Uint8Array.of(1, 2) });
      const { threads, problems } = scene;
      assert.equal(threads.selected.driver, socketInterface);
      assert.equal(threads.count, 2);
      // What is said before a thread is ready has arrived by now.
      for (const index of [0, 1]) {
        assert.deepEqual(words(scene, index), ["started", "ready"]);
        const value = { text: "data", bytes: Uint8Array.of(1, 2) };
        assert.deepEqual(valueSaid(scene, index, "started"), { index, count: 2, value });
      }
      threads.post(HELLO, 1);
      await until(() => words(scene, 1).includes("heard"), "the answer of one");
      assert.equal(valueSaid(scene, 1, "heard"), HELLO);
      threads.post("to all");
      await until(() => words(scene, 0).includes("heard") && words(scene, 1).length === 4, "the answers of all");
      assert.equal(valueSaid(scene, 0, "heard"), "to all");
      const buffer = new ArrayBuffer(8);
      threads.post(buffer, 0, [buffer]);
      assert.equal(buffer.byteLength, 0);
      await until(() => words(scene, 0).length === 4, "the answer to what was moved");
      await threads.stop();
      await threads.ended;
      for (const index of [0, 1]) assert.deepEqual(words(scene, index).slice(-2), ["aborted", "end"]);
      assert.deepEqual(problems, []);
    });

    it("can ask before they are ready, and be answered", TEST, async () => {
      const answers: unknown[] = [];
      await using threads = await startThreads<SceneData, Said>(MODULE, {
        count: 1,
        socketInterface,
        data: { scene: "ask" },
        onMessage([what, value], index, all) {
          if (what === "question") all.post("forty-two", index);
          else answers.push(value);
        },
      });
      assert.deepEqual(answers, ["forty-two"]);
      assert.equal(threads.count, 1);
    });

    it("share one port, and each accepts on it", TEST, async () => {
      const scene = await start("serve", { socketInterface, listen: ["127.0.0.1:0", "127.0.0.1:0"] });
      await using threads = scene.threads;
      assert.equal(threads.addresses.length, 2);
      assert.notEqual(port(scene), port(scene, 1));
      const sockets: Socket[] = [];
      const served = new Set<string>();
      // The kernel spreads connections over the threads; by 24 each has some, as good as certainly.
      for (let i = 0; i < 24; i++) {
        const socket = await connected({ port: port(scene, i % 2) });
        sockets.push(socket);
        served.add(await ask(socket));
      }
      assert.deepEqual([...served].sort(), ["0", "1"]);
      for (const socket of sockets) socket.destroy();
      assert.deepEqual(scene.problems, []);
    });

    it("accept on a unix socket, which is gone afterwards", TEST, async () => {
      const path = `/tmp/ringway-test-threads-${process.pid}-${unixSockets++}.sock`;
      try {
        const scene = await start("serve", { socketInterface, listen: `unix:${path}` });
        const socket = await connected({ path });
        assert.match(await ask(socket), /^[01]$/);
        socket.destroy();
        await scene.threads.stop();
        await assert.rejects(connected({ path }));
      } finally {
        rmSync(path, { force: true });
      }
    });

    it("serve by promises, and their listeners end when they are to stop", TEST, async () => {
      const scene = await start("stream", { socketInterface, listen: "127.0.0.1:0" });
      const socket = await connected({ port: port(scene) });
      assert.equal(await ask(socket, "hello"), "hello");
      const closed = closeOf(socket);
      await scene.threads.stop();
      await closed;
      for (const index of [0, 1]) assert.deepEqual(words(scene, index), ["listener ended"]);
    });

    it("have sockets and timers of their own", TEST, async () => {
      const scene = await start("own", { socketInterface });
      await scene.threads.stop();
      for (const index of [0, 1]) assert.equal(valueSaid(scene, index, "read"), "hello");
    });

    it("can wait for what the runtime does: at the start, in messages, by waitFor", TEST, async () => {
      const scene = await start("runtime", { socketInterface });
      for (const index of [0, 1]) assert.equal(valueSaid(scene, index, "at start"), "32 abc");
      scene.threads.post("go");
      await until(() => words(scene, 0).length + words(scene, 1).length === 4, "the runtime's work in a message");
      await scene.threads.stop();
      const parked = await start("parked", { socketInterface });
      await until(() => words(parked, 0).length + words(parked, 1).length === 2, "the runtime's work in a timer");
      await parked.threads.stop();
    });

    it("can leave the loop to the runtime", TEST, async () => {
      const scene = await start("bridged", { socketInterface, loop: "bridged" });
      await until(() => words(scene, 0).length + words(scene, 1).length === 2, "the runtime's work");
      await scene.threads.stop();
    });

    it("get messages from before they listened, in order", TEST, async () => {
      const heard: unknown[] = [];
      await using threads = await startThreads<SceneData, Said>(MODULE, {
        count: 1,
        socketInterface,
        data: { scene: "late" },
        onMessage([what, value], _index, all) {
          if (what === "listening") for (const message of [1, 2, 3]) all.post(message);
          else heard.push(value);
        },
      });
      threads.post(4);
      await until(() => heard.length === 4, "all messages");
      assert.deepEqual(heard, [1, 2, 3, 4]);
    });

    it("say when nobody listens to messages", TEST, async () => {
      const scene = await start("deaf", { count: 1, socketInterface });
      scene.threads.post("hello");
      await until(() => scene.problems.length === 1, "the problem");
      assert.equal(scene.problems[0]?.code, "ERR_THREAD_MESSAGE");
      assert.match(scene.problems[0]?.message ?? "", /thread 0, where nobody listens: set onMessage/);
      await scene.threads.stop();
    });

    it("go on after what their functions throw, and tell it", TEST, async () => {
      const scene = await start("careless", { count: 1, socketInterface });
      const { threads, problems } = scene;
      const texts = () => problems.map(({ code, message }) => `${code} ${message.split("\n", 1)[0]}`);
      for (const message of ["throw", "reject", "function", "sockets", "last"]) threads.post(message);
      await until(() => valueSaid(scene, 0, "heard") !== undefined && problems.length === 4, "all problems");
      await threads.stop();
      assert.equal(problems.length, 5, texts().join("\n"));
      const all = texts().sort().join("\n");
      assert.match(all, /^ERR_THREAD_HANDLER The function for the end of a thread threw: Error: thrown by the end$/m);
      assert.match(all, /^ERR_THREAD_HANDLER The handler .* threw: Error: rejected by onMessage$/m);
      assert.match(all, /^ERR_THREAD_HANDLER The handler .* threw: Error: thrown by onMessage$/m);
      assert.equal(
        all.match(/^ERR_THREAD_MESSAGE A message of a thread can't be given to another thread/gm)?.length,
        2,
      );
      assert.match(all, /a socket, listener or driver belongs to the thread that opened it/);
    });

    it("reset the connection of a handler that throws, and tell it", TEST, async () => {
      const scene = await start("throwing", { count: 1, socketInterface, listen: "127.0.0.1:0" });
      const socket = await connected({ port: port(scene) });
      const closed = closeOf(socket);
      socket.write("?");
      await closed;
      await until(() => scene.problems.length === 1, "the problem");
      assert.equal(scene.problems[0]?.code, "ERR_SOCKET_HANDLER");
      assert.match(scene.problems[0]?.message ?? "", /thrown by onData/);
      await scene.threads.stop();
      assert.equal(scene.problems.length, 1);
    });

    for (const how of ["close", "close the driver"]) {
      it(`hear messages and stop after they have closed their sockets (${how})`, TEST, async () => {
        const scene = await start("closes", { count: 1, socketInterface });
        scene.threads.post(how);
        await until(() => scene.said.length === 1, "the first answer");
        scene.threads.post("again");
        await until(() => scene.said.length === 2, "the second answer");
        await scene.threads.stop();
        for (const [, what, code] of scene.said) {
          assert.equal(what, "closed");
          assert.match(String(code), /CLOSED/);
        }
        assert.deepEqual(scene.problems, []);
      });
    }

    it("are replaced when they crash, and the others go on", TEST, async () => {
      const scene = await start("serve", { socketInterface, listen: "127.0.0.1:0" });
      const { threads, problems } = scene;
      const sockets: (readonly [Socket, string])[] = [];
      const fill = async () => {
        for (let i = 0; i < 24; i++) {
          const socket = await connected({ port: port(scene) });
          sockets.push([socket, await ask(socket)]);
        }
      };
      await fill();
      const closed = sockets.filter(([, index]) => index === "0").map(([socket]) => closeOf(socket));
      threads.post("crash", 0);
      await Promise.all(closed);
      await until(() => problems.length === 1, "the report");
      assert.equal(problems[0]?.code, "ERR_THREAD_CRASH");
      assert.match(problems[0]?.message ?? "", /^Thread 0 crashed and is replaced in 50 ms: .*crashed for a test/s);
      for (const [socket, index] of sockets) if (index === "1") assert.equal(await ask(socket), "1");
      await until(() => words(scene, 0).length === 2, "the new thread serves");
      await fill();
      assert.ok(sockets.slice(24).some(([, index]) => index === "0"));
      for (const [socket] of sockets) socket.destroy();
      await threads.stop();
      assert.equal(problems.length, 1);
    });

    it("leave their share to the others when they crash and are not replaced", TEST, async () => {
      const scene = await start("serve", { socketInterface, listen: "127.0.0.1:0", restart: false });
      const { threads, problems } = scene;
      threads.post("crash", 0);
      await until(() => problems.length === 1, "the report");
      assert.match(problems[0]?.message ?? "", /^Thread 0 crashed and is not replaced: .*crashed for a test/s);
      // Until its ring is closed, connections still come to the one that is gone, and are cut then.
      for (let answered = 0; answered < 12; ) {
        const socket = await connected({ port: port(scene) });
        socket.write("?");
        const first = new Promise<string>((resolve) => socket.once("data", (bytes) => resolve(String(bytes))));
        const answer = await Promise.race([first, closeOf(socket)]);
        answered = answer === "1" ? answered + 1 : 0;
        socket.destroy();
      }
      threads.post("crash", 1);
      await threads.ended;
      assert.throws(() => threads.post("more"), { code: "ERR_THREAD_STOPPED" });
    });

    it("that do not stop are ended, and reported", TEST, async () => {
      const scene = await start("stuck", { socketInterface, stopTimeoutMs: 200 });
      await scene.threads.stop();
      assert.deepEqual(
        scene.problems.map(({ code, message }) => `${code}: ${message}`),
        [0, 1].map((index) => `ERR_THREAD_TIMEOUT: Thread ${index} did not stop within 200 ms, and was ended`),
      );
    });

    it("that do nothing but compute are ended, too", TEST, async () => {
      const scene = await start("spins", { count: 1, socketInterface });
      await scene.threads.stop({ timeoutMs: 200 });
      assert.equal(scene.problems.length, 1);
    });
  });
}
