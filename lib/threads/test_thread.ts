/**
 * The module of the threads in tests: it does what the data says.
 *
 * @module
 */
import type { ConnectionHandler } from "../net/connection.ts";
import { Timer } from "../ring/timer_wheel.ts";
import type { Thread, ThreadCleanup } from "./thread.ts";

/** Which of the scenes. */
export interface SceneData {
  readonly scene: string;
  readonly value?: unknown;
}

/** What a thread of a scene says. */
export type Said = readonly [what: string, value?: unknown];

type SceneThread = Thread<SceneData, unknown, Said>;
// biome-ignore lint/suspicious/noConfusingVoidType: as in the type of a thread's function
type Scene = (thread: SceneThread) => void | ThreadCleanup | Promise<void | ThreadCleanup>;

const ECHO: ConnectionHandler = {
  onConnect() {},
  onData: (connection, lease) => void connection.write(lease),
  onEnd: (connection) => connection.shutdownWrite(),
  onDrain() {},
  onClose() {},
};

/** Sends the number of its thread to each client, then what the client sends. */
function greet(thread: SceneThread): ConnectionHandler {
  return {
    ...ECHO,
    onData(connection, lease) {
      lease.release();
      connection.writeBytes(new TextEncoder().encode(String(thread.index)));
    },
  };
}

function never(): Promise<never> {
  return new Promise(() => {});
}

function throwLater(): void {
  setTimeout(() => {
    throw new Error("crashed for a test");
  }, 0);
}

async function useRuntime(): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(10));
  const zipped = new Blob(["abc"]).stream().pipeThrough(new CompressionStream("gzip"));
  const unzipped = zipped.pipeThrough(new DecompressionStream("gzip"));
  return `${digest.byteLength} ${await new Response(unzipped).text()}`;
}

const SCENES: Readonly<Record<string, Scene>> = {
  async talk(thread) {
    thread.onMessage = (message) => thread.post(["heard", message]);
    thread.signal.addEventListener("abort", () => thread.post(["aborted"]));
    thread.post(["started", { index: thread.index, count: thread.count, value: thread.data.value }]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    thread.post(["ready"]);
    return async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      thread.post(["end"]);
    };
  },
  async ask(thread) {
    thread.post(["question"]);
    const answer = await new Promise((resolve) => {
      thread.onMessage = resolve;
    });
    thread.post(["answer", answer]);
  },
  async late(thread) {
    thread.post(["listening"]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    thread.onMessage = (message) => thread.post(["heard", message]);
  },
  deaf(thread) {
    thread.post(["listening"]);
  },
  async serve(thread) {
    thread.onMessage = throwLater;
    for (const [index] of thread.addresses.entries()) {
      await thread.listenWith({ onAccept: () => greet(thread) }, index);
    }
    thread.post(["serving"]);
  },
  async stream(thread) {
    const listener = await thread.listen();
    void (async () => {
      for await (const socket of listener) void socket.readable.pipeTo(socket.writable).catch(() => {});
      thread.post(["listener ended"]);
    })();
  },
  async own(thread) {
    const listener = await thread.sockets.listenWith("127.0.0.1:0", { onAccept: () => ECHO });
    await using client = await thread.sockets.connect(listener.address);
    await client.write("hello");
    thread.post(["read", new TextDecoder().decode((await client.read()) ?? undefined)]);
    await new Promise<void>((resolve) => thread.sockets.driver.startTimer(new Timer(resolve), 5));
  },
  async runtime(thread) {
    thread.post(["at start", await useRuntime()]);
    thread.onMessage = async () => thread.post(["in a message", await useRuntime()]);
  },
  parked(thread) {
    const timer = new Timer(() => {
      thread.waitFor(useRuntime()).then((text) => thread.post(["in a timer of the driver", text]));
    });
    thread.sockets.driver.startTimer(timer, 1);
  },
  bridged(thread) {
    const timer = new Timer(() => void useRuntime().then((text) => thread.post(["without being waited for", text])));
    thread.sockets.driver.startTimer(timer, 1);
  },
  throws() {
    throw new TypeError("thrown for a test");
  },
  async rejects(thread) {
    if (thread.index === thread.data.value) throw new RangeError("rejected for a test");
    return () => thread.post(["end"]);
  },
  async occupied(thread) {
    await thread.sockets.listenWith(String(thread.data.value), { onAccept: () => ECHO });
  },
  async nowhere(thread) {
    await thread.listenWith({ onAccept: () => ECHO }, 7);
  },
  hangs(thread) {
    thread.post(["hanging"]);
    return never();
  },
  patient(thread) {
    thread.post(["waiting"]);
    return new Promise((resolve) => thread.signal.addEventListener("abort", () => resolve()));
  },
  stuck(thread) {
    thread.onMessage = () => thread.post(["heard"]);
    return never;
  },
  spins() {
    return () => {
      for (;;);
    };
  },
  careless(thread) {
    thread.onMessage = (message) => {
      if (message === "throw") throw new Error("thrown by onMessage");
      if (message === "reject") return Promise.reject(new Error("rejected by onMessage"));
      if (message === "loose") void Promise.reject(new Error("a loose rejection"));
      if (message === "function") thread.post(["function", () => {}]);
      if (message === "sockets") thread.post(["sockets", thread.sockets]);
      else thread.post(["heard", message]);
      return undefined;
    };
    return () => {
      throw new Error("thrown by the end");
    };
  },
  async throwing(thread) {
    const handler: ConnectionHandler = {
      ...ECHO,
      onData() {
        throw new Error("thrown by onData");
      },
    };
    await thread.listenWith({ onAccept: () => handler });
  },
  closes(thread) {
    thread.onMessage = async (message) => {
      if (message === "close") await thread.sockets.close();
      if (message === "close the driver") await thread.sockets.driver.close();
      const error: unknown = await thread.sockets.connect("127.0.0.1:9").catch((error: unknown) => error);
      thread.post(["closed", (error as { code?: string }).code]);
    };
  },
};

/** See the module. */
export default function run(thread: SceneThread): ReturnType<Scene> {
  const scene = SCENES[thread.data.scene];
  if (scene === undefined) throw new Error(`No scene ${thread.data.scene}`);
  return scene(thread);
}
