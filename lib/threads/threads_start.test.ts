/** Threads that can't start: each reason has its error, and nothing is left. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { describe, it } from "node:test";
import { TEST_TIMEOUT_MS } from "../net/conformance/harness.ts";
import { openSockets } from "../sockets/sockets.ts";
import type { ThreadsOptions } from "./options.ts";
import { startThreads } from "./start_threads.ts";
import type { Said, SceneData } from "./test_thread.ts";

const MODULE = new URL("./test_thread.ts", import.meta.url);
const TEST = { timeout: TEST_TIMEOUT_MS };

/** In base64: Bun 1.4 takes what is behind a dot for the extension of a file. */
function dataModule(code: string): URL {
  return new URL(`data:text/javascript;base64,${btoa(code)}`);
}

/** Start threads that are not to start. The error has to have the code and the text. */
async function refused(
  module: URL | string,
  options: ThreadsOptions<SceneData, Said>,
  code: string,
  text: RegExp,
): Promise<void> {
  await assert.rejects(startThreads(module, { count: 2, ...options }), (error) => {
    assert.ok(error instanceof Error && "code" in error);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, text);
    return true;
  });
}

describe("options of threads", () => {
  const data = { scene: "talk" };

  for (const count of [0, -1, 1.5, Number.NaN, 257, "2" as unknown as number]) {
    it(`refuse the count ${JSON.stringify(count)} (${String(count)})`, TEST, () =>
      refused(MODULE, { data, count }, "ERR_THREAD_OPTION", /^The count of threads is "auto" or a whole number from 1/),
    );
  }

  for (const name of ["startTimeoutMs", "stopTimeoutMs"] as const) {
    it(`refuse what is no time as ${name}`, TEST, async () => {
      for (const value of [0, -5, Number.NaN, Number.POSITIVE_INFINITY]) {
        await refused(MODULE, { data, [name]: value }, "ERR_THREAD_OPTION", new RegExp(`^${name} is a whole number`));
      }
    });
  }

  it("refuse a module that is not named by a URL", TEST, async () => {
    const hint = /named by its URL, and not by "\.\/a\.ts": write new URL\("\.\/a\.ts", import\.meta\.url\)/;
    await refused("./a.ts", { data }, "ERR_THREAD_MODULE", hint);
    await refused("/a.ts", { data }, "ERR_THREAD_MODULE", /write new URL\("\/a\.ts", import\.meta\.url\)/);
    await refused(5 as unknown as string, { data }, "ERR_THREAD_MODULE", /not by a value of the type number/);
  });

  it("refuse data that can't be cloned", TEST, async () => {
    const value = () => {};
    await refused(MODULE, { data: { scene: "talk", value } }, "ERR_THREAD_MESSAGE", /^The data for threads can't be/);
  });

  it("refuse sockets of this thread as data", TEST, async () => {
    await using sockets = await openSockets();
    const text = /belongs to the thread that opened it/;
    await refused(MODULE, { data: { scene: "talk", value: sockets } }, "ERR_THREAD_MESSAGE", text);
    const listener = await sockets.listen("127.0.0.1:0");
    await refused(MODULE, { data: listener as unknown as SceneData }, "ERR_THREAD_MESSAGE", text);
    await listener.close();
  });

  it("refuse an address that is in use, and one that is none", TEST, async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    for (const socketInterface of ["uring", "default"] as const) {
      const listen = ["127.0.0.1:0", `127.0.0.1:${port}`];
      await refused(MODULE, { data, listen, socketInterface }, "EADDRINUSE", new RegExp(`127\\.0\\.0\\.1:${port}`));
    }
    await refused(MODULE, { data, listen: "127.0.0.1" }, "ERR_TARGET", /the port is missing/);
    await new Promise((resolve) => server.close(resolve));
  });

  it("are held by an aborted signal", TEST, async () => {
    const reason = new Error("no longer wanted");
    await assert.rejects(startThreads(MODULE, { data, signal: AbortSignal.abort(reason) }), reason);
  });
});

describe("what is posted to threads", () => {
  it("has to be cloneable, go to a thread that there is, and come before the end", TEST, async () => {
    const threads = await startThreads(MODULE, { count: 2, data: { scene: "talk" } });
    assert.throws(() => threads.post(() => {}), { code: "ERR_THREAD_MESSAGE" });
    assert.throws(() => threads.post({ threads: { listenWith() {} } }), { code: "ERR_THREAD_MESSAGE" });
    for (const index of [2, -1, 0.5]) assert.throws(() => threads.post("x", index), { code: "ERR_THREAD_OPTION" });
    assert.throws(() => threads.post("x", undefined, [new ArrayBuffer(1)]), { code: "ERR_THREAD_OPTION" });
    const stopped = threads.stop();
    assert.throws(() => threads.post("x"), { code: "ERR_THREAD_STOPPED" });
    assert.equal(threads.stop(), stopped);
    await stopped;
  });
});

for (const socketInterface of ["uring", "default"] as const) {
  describe(`a start of threads on the ${socketInterface} driver`, () => {
    it("fails for a module that does not exist, and names it", TEST, () => {
      const missing = new URL("./no_such_thread.ts", import.meta.url);
      return refused(missing, { socketInterface }, "ERR_THREAD_MODULE", /^Cannot import .*\/no_such_thread\.ts: /);
    });

    it("fails for a module that throws when it is imported", TEST, () => {
      const module = dataModule('throw new Error("at import")');
      return refused(module, { socketInterface }, "ERR_THREAD_MODULE", /^Cannot import .*: Error: at import/);
    });

    it("fails for a module without a function as its default export", TEST, async () => {
      const none = /has no default export: write "export default function \(thread\)/;
      await refused(dataModule("export const a = 1"), { socketInterface }, "ERR_THREAD_MODULE", none);
      const other = /has a default export that is no function/;
      await refused(dataModule("export default 5"), { socketInterface }, "ERR_THREAD_MODULE", other);
    });

    it("fails when the function throws, and names what it threw", TEST, async () => {
      const data = { scene: "throws" };
      await refused(MODULE, { data, socketInterface }, "ERR_THREAD_START", /^thrown for a test$/);
      await assert.rejects(startThreads(MODULE, { count: 1, data, socketInterface }), (error) => {
        assert.ok(error instanceof Error && error.cause instanceof Error);
        assert.match(error.cause.stack ?? "", /TypeError: thrown/);
        return true;
      });
    });

    it("stops the others when one of them rejects", TEST, async () => {
      const said: string[] = [];
      const options: ThreadsOptions<SceneData, Said> = {
        count: 3,
        data: { scene: "rejects", value: 1 },
        socketInterface,
        onMessage: ([what], index) => void said.push(`${index} ${what}`),
      };
      await refused(MODULE, options, "ERR_THREAD_START", /^rejected for a test$/);
      assert.deepEqual(said.sort(), ["0 end", "2 end"]);
    });

    it("keeps the code of an error of ringway", TEST, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as { port: number };
      const data = { scene: "occupied", value: `127.0.0.1:${port}` };
      await refused(MODULE, { data, socketInterface }, "EADDRINUSE", new RegExp(`listen on 127\\.0\\.0\\.1:${port}`));
      await new Promise((resolve) => server.close(resolve));
      const nowhere = /^No address has the number 7: there are 1, numbered from 0; .*"listen" of startThreads/;
      const options = { data: { scene: "nowhere" }, socketInterface, listen: "127.0.0.1:0" };
      await refused(MODULE, options, "ERR_THREAD_OPTION", nowhere);
    });

    it("fails when a function does not return in time", TEST, () => {
      const onProblem = () => {};
      const options = { data: { scene: "hangs" }, socketInterface, startTimeoutMs: 500, stopTimeoutMs: 200, onProblem };
      return refused(MODULE, options, "ERR_THREAD_TIMEOUT", /^Thread \d was not ready after 500 ms: .* has to return/);
    });

    it("can be given up by a signal, which the threads hear", TEST, async () => {
      const problems: string[] = [];
      for (const scene of ["patient", "hangs"]) {
        const controller = new AbortController();
        const reason = new Error("no longer wanted");
        const starting = startThreads<SceneData, Said>(MODULE, {
          count: 2,
          data: { scene },
          socketInterface,
          signal: controller.signal,
          stopTimeoutMs: scene === "hangs" ? 200 : 5000,
          onMessage: () => controller.abort(reason),
          onProblem: ({ code }) => void problems.push(`${scene} ${code}`),
        });
        await assert.rejects(starting, reason);
      }
      assert.deepEqual(problems, ["hangs ERR_THREAD_TIMEOUT", "hangs ERR_THREAD_TIMEOUT"]);
    });

    it("can be followed by an abort, which stops the threads", TEST, async () => {
      const controller = new AbortController();
      const { signal } = controller;
      const threads = await startThreads(MODULE, { count: 2, data: { scene: "talk" }, socketInterface, signal });
      controller.abort();
      await threads.ended;
      assert.throws(() => threads.post("x"), { code: "ERR_THREAD_STOPPED" });
    });

    it("fails for an entry that does not exist", TEST, () => {
      const threadUrl = new URL("./no_such_entry.ts", import.meta.url);
      const options = { data: { scene: "talk" }, socketInterface, threadUrl };
      return refused(MODULE, options, "ERR_THREAD_START", /^Thread \d could not start: /);
    });

    it("can be made with an entry of one's own", TEST, async () => {
      const threadUrl = new URL("./test_thread_entry.ts", import.meta.url);
      const options = { count: 1, data: { scene: "talk" }, socketInterface, threadUrl };
      await using threads = await startThreads(MODULE, options);
      assert.equal(threads.count, 1);
    });
  });
}

describe("threads", () => {
  it("can be started by a worker of the application", TEST, async () => {
    const worker = new Worker(new URL("./test_worker.ts", import.meta.url), { type: "module" });
    const said = await new Promise((resolve, reject) => {
      worker.onmessage = (event) => resolve(event.data);
      worker.onerror = (event) => reject(new Error(event.message));
    });
    worker.terminate();
    assert.deepEqual(said, [
      ["read", "hello"],
      ["read", "hello"],
    ]);
  });
});

describe("modules of threads", () => {
  it("can be data: URLs, as objects or as text", TEST, async () => {
    const module = dataModule("export default (thread) => thread.post([typeof thread.sockets.listenWith])");
    for (const named of [module, module.href]) {
      const said: unknown[] = [];
      await using threads = await startThreads(named, { count: 1, onMessage: (message) => void said.push(message) });
      assert.equal(threads.count, 1);
      assert.deepEqual(said, [["function"]]);
    }
  });

  it("can be blob: URLs", TEST, async () => {
    const blob = new Blob(["export default () => {}"], { type: "text/javascript" });
    const url = URL.createObjectURL(blob);
    await using threads = await startThreads(url, { count: 2 });
    assert.equal(threads.count, 2);
    URL.revokeObjectURL(url);
  });

  it('run once per processor by "auto"', TEST, async () => {
    await using threads = await startThreads(MODULE, { data: { scene: "talk" } });
    assert.equal(threads.count, navigator.hardwareConcurrency);
  });
});
