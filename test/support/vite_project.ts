/**
 * A Vite dev server with a project of its own.
 *
 * @module
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runtimeCommand } from "./command.ts";
import { type ServerProgram, startServer } from "./programs.ts";

const VITE = fileURLToPath(new URL("../tools/node_modules/vite/bin/vite.js", import.meta.url));

const PAGE = `<!doctype html>
<title>A project</title>
<p id="greeting"></p>
<script type="module" src="/src/main.js"></script>
`;

/** Shows the greeting, and each new one without loading the page again, and asks the server for `/shown?GREETING`. */
const MAIN = `import { greeting } from "./greeting.js";
const show = (text) => {
  document.querySelector("#greeting").textContent = text;
  fetch("/shown?" + text);
};
show(greeting);
import.meta.hot?.accept("./greeting.js", (changed) => show(changed.greeting));
`;

/** The project and its running server. */
export class ViteProject {
  readonly #folder: string;
  readonly #server: ServerProgram;

  private constructor(folder: string, server: ServerProgram) {
    this.#folder = folder;
    this.#server = server;
  }

  /** Start the dev server by the runtime that runs the test. */
  static async start(): Promise<ViteProject> {
    const folder = mkdtempSync(join(tmpdir(), "ringway-vite-"));
    mkdirSync(join(folder, "src"));
    writeFileSync(join(folder, "index.html"), PAGE);
    writeFileSync(join(folder, "src/main.js"), MAIN);
    writeFileSync(join(folder, "src/greeting.js"), greetingModule("first"));
    const server = await startServer(process.execPath, (port) => {
      const options = ["--port", String(port), "--strictPort", "--host", "127.0.0.1"];
      return runtimeCommand(VITE, [folder, ...options]).slice(1);
    });
    return new ViteProject(folder, server);
  }

  get port(): number {
    return this.#server.port;
  }

  /** Save the module with the greeting, as an editor would. */
  greet(greeting: string): void {
    writeFileSync(join(this.#folder, "src/greeting.js"), greetingModule(greeting));
  }

  async close(): Promise<void> {
    await this.#server.kill();
    rmSync(this.#folder, { recursive: true });
  }
}

function greetingModule(greeting: string): string {
  return `export const greeting = ${JSON.stringify(greeting)};\n`;
}
