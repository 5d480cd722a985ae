/**
 * Applications in folders of their own, as someone writes them who has only read the documents.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ENVIRONMENT } from "../runner/process.ts";
import { connect, DEADLINE_MS } from "./command.ts";
import { startNamed } from "./servers.ts";

/** A folder with an application's files, deleted at the end. */
export class Application implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), "ringway-application-"));

  /** Write a file. */
  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** A program that starts a proxy with one worker and prints where it listens, and on which driver. */
export function proxyProgram(specifier: string, upstreamPort: number, options = "{}"): string {
  return `import { defaultProxyConfig, formatAddress, parseTarget, startProxy } from "${specifier}";
const proxy = await startProxy({
  ...defaultProxyConfig,
  workers: 1,
  listen: [parseTarget("127.0.0.1:0")],
  to: [parseTarget("127.0.0.1:${upstreamPort}")],
}, ${options});
console.log(proxy.addresses.map(formatAddress).join(), proxy.socketInterface.driver);
`;
}

/** A program that serves HTTP itself, and prints where, and on which driver. */
export function serveProgram(specifier: string): string {
  return `import { openSockets, serve } from "${specifier}";
const sockets = await openSockets();
const server = await serve(() => new Response("hello"), { sockets });
console.log(server.origin.slice("http://".length), sockets.selected.driver);
`;
}

/** What each thread of a {@linkcode threadsProgram} runs. It uses values of the package, and not its types alone. */
export function threadModule(specifier: string): string {
  return `import { Timer } from "${specifier}";
export default async function (thread) {
  await new Promise((resolve) => thread.sockets.driver.startTimer(new Timer(resolve), 1));
  thread.onMessage = (message) => thread.post(\`\${message} \${thread.index}\`);
}
`;
}

/**
 * A program that asks two threads, which run the module `thread.ts` beside it, and prints what they answer. The
 * specifier is that of the threads' module.
 */
export function threadsProgram(specifier: string, options = ""): string {
  return `import { startThreads } from "${specifier}";
const answers = [];
const threads = await startThreads(new URL("./thread.ts", import.meta.url), {
  count: 2,
  onMessage: (message) => void answers.push(message),
  ${options}
});
threads.post("here is");
await threads.stop();
console.log(threads.selected.driver, answers.sort().join(", "));
`;
}

/** What a {@linkcode threadsProgram} prints. */
export const THREADS_ANSWER = "uring here is 0, here is 1\n";

/** A started program. */
export interface Started {
  /** Resolves with the part of its output, on either stream, that matches; rejects when it ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves with all it printed, when it has ended by itself. */
  readonly ended: Promise<string>;
  /** End it. */
  stop(): Promise<void>;
}

/** Start a program in a folder. */
export function start(
  command: readonly string[],
  folder: string,
  environment: Readonly<Record<string, string>> = {},
): Started {
  const [program = "", ...arguments_] = command;
  const child: ChildProcess = spawn(program, arguments_, {
    cwd: folder,
    env: { ...ENVIRONMENT, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let hasEnded = false;
  let onOutput = () => {};
  const take = (bytes: Uint8Array) => {
    output += new TextDecoder().decode(bytes);
    onOutput();
  };
  child.stdout?.on("data", take);
  child.stderr?.on("data", take);
  const timer = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  const ended = once(child, "close").then(() => {
    clearTimeout(timer);
    hasEnded = true;
    onOutput();
    return output;
  });
  return {
    ended,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        onOutput = () => {
          const match = pattern.exec(output);
          if (match !== null) resolve(match);
          else if (hasEnded) reject(new Error(`${command.join(" ")} ended: ${output}`));
        };
        onOutput();
      }),
    async stop() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** What a started program's clients get, and on which driver it runs. */
export interface Greeting {
  readonly greeting: string;
  readonly driver: string;
}

/** What whoever connects gets from a started {@linkcode proxyProgram}. */
export function greetingOf(started: Started): Promise<Greeting> {
  return greetingFrom(started, async (port) => {
    const client = await connect({ port });
    const [greeting] = (await once(client, "data")) as [Uint8Array];
    client.destroy();
    return new TextDecoder().decode(greeting);
  });
}

/** What whoever asks gets from a started {@linkcode serveProgram}. */
export function answerOf(started: Started): Promise<Greeting> {
  return greetingFrom(started, async (port) => await (await fetch(`http://127.0.0.1:${port}/`)).text());
}

async function greetingFrom(started: Started, ask: (port: number) => Promise<string>): Promise<Greeting> {
  try {
    const [, port, driver = ""] = await started.printed(/^127\.0\.0\.1:(\d+) (\w+)\n/m);
    return { greeting: await ask(Number(port)), driver };
  } finally {
    await started.stop();
  }
}

/** The port of an upstream that greets, while `use` runs. */
export async function withUpstream<Result>(use: (port: number) => Promise<Result>): Promise<Result> {
  const upstream = await startNamed("hello");
  try {
    return await use(upstream.port);
  } finally {
    await upstream.close();
  }
}

/** A configuration with a filter of its own, and a built-in one that needs a package. */
export function configProgram(specifier: string): string {
  return `import { defineConfig } from "${specifier}";
const greets = { name: "greets", onRequestHead: (exchange) => exchange.reply(200, "from the filter") };
export default defineConfig({
  workers: 1,
  listeners: [
    {
      listen: "127.0.0.1:0",
      filters: [
        { type: "jwt", match: { prefix: "/private" }, secret: "a secret of thirty-two bytes, ok" },
        { type: "custom", match: { path: "/" }, filter: greets },
      ],
      routes: [{ match: { path: "/other" }, response: { body: "from the route" } }, { cluster: "web" }],
    },
  ],
  clusters: [{ name: "web", endpoints: ["127.0.0.1:1"] }],
});
`;
}

/** What the command with the {@linkcode configProgram} answers. */
export async function throughCommand(started: Started): Promise<Readonly<Record<string, string>>> {
  try {
    const [, port] = await started.printed(/^ringway .* ready: 127\.0\.0\.1:(\d+) /m);
    const paths = ["/", "/private", "/other"];
    const answers = paths.map(async (path) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      const body = await response.text();
      return [path, response.ok ? body : String(response.status)] as const;
    });
    return Object.fromEntries(await Promise.all(answers));
  } finally {
    await started.stop();
  }
}

/** What {@linkcode throughCommand} resolves with when all filters were found. */
export const ANSWERS: Readonly<Record<string, string>> = {
  "/": "from the filter",
  "/private": "401",
  "/other": "from the route",
};
