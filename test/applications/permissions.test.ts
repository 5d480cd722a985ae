/**
 * The permissions that Deno asks for, as docs/packaging.md and docs/deployment.md have them: no fewer will do, and what
 * is missing is said.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { runtime } from "../../ffi/runtime.ts";
import { runtimeCommand } from "../support/command.ts";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const COMMAND = join(PROJECT, "proxy.ts");
const READ = `--allow-read=${PROJECT}`;
/** Deno gives a Deno that it starts all permissions, unless it is given one. */
const NOTHING = ["--allow-env=NOTHING"];
const ENVIRONMENT = "--allow-env=LOG_TOKENS,LOG_STREAM";

/** Resolves with the line that the command prints at first, on either output, and ends it. */
async function firstLine(
  permissions: readonly string[],
  arguments_: readonly string[],
  module = COMMAND,
): Promise<string> {
  const [program = "", ...rest] = runtimeCommand(module, arguments_, ["--no-prompt", ...permissions]);
  const child: ChildProcess = spawn(program, rest, { env: { ...process.env, NO_COLOR: "1" } });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let text = "";
  const hasLine = new Promise<void>((resolve) => {
    const take = (bytes: Uint8Array): void => {
      text += new TextDecoder().decode(bytes);
      if (/^ringway.*\n/m.test(text)) resolve();
    };
    child.stdout?.on("data", take);
    child.stderr?.on("data", take);
  });
  await Promise.race([hasLine, closed]);
  child.kill("SIGKILL");
  await closed;
  assert.doesNotMatch(text, /^ {4}at /m, "no stack for a permission");
  return /^ringway.*$/m.exec(text)?.[0] ?? text;
}

describe("the proxy in Deno", { skip: runtime.name !== "deno" && "only Deno has permissions" }, () => {
  const upstream = createServer((_request, response) => void response.end("hello"));
  const folder = mkdtempSync(join(tmpdir(), "ringway-permissions-"));
  const file = join(folder, "ringway.yaml");
  let line: string[] = [];
  let port = 0;
  before(async () => {
    await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
    ({ port } = upstream.address() as AddressInfo);
    line = ["--listen", "127.0.0.1:0", "--to", `http://127.0.0.1:${port}`, "--workers", "1"];
    writeFileSync(
      file,
      `workers: 1\nlisteners: [{ listen: "127.0.0.1:0", cluster: a }]\n` +
        `clusters: [{ name: a, endpoints: ["127.0.0.1:${port}"] }]\n`,
    );
  });
  after(() => {
    upstream.close();
    rmSync(folder, { recursive: true });
  });

  it("needs to load the library and to read its modules, on the uring driver", async () => {
    assert.match(await firstLine(["--allow-ffi", READ], line), / ready: .*kernel unknown/);
    assert.match(await firstLine(["--allow-ffi", READ, "--allow-sys=osRelease"], line), / ready: .*kernel \d/);
    assert.match(await firstLine([READ], [...line, "--socket-interface", "uring"]), /run with --allow-ffi/);
    assert.match(await firstLine(["--allow-ffi"], line), /run again with the --allow-read flag/);
  });

  it("needs the network on the default driver, and the library no more", async () => {
    const byDefault = [...line, "--socket-interface", "default"];
    assert.match(await firstLine(["--allow-net", READ], byDefault), / ready: .*interface default/);
    assert.match(await firstLine(["--allow-ffi", READ], byDefault), /run with --allow-net/);
  });

  it("needs the network to resolve names", async () => {
    const named = [...line.slice(0, 3), `http://localhost:${port}`];
    assert.match(await firstLine(["--allow-ffi", "--allow-net", READ], named), / ready: .*-> localhost:/);
    assert.match(await firstLine(["--allow-ffi", READ], named), /Cannot resolve "localhost"/);
  });

  it("needs to read a configuration file, and two variables of the environment", async () => {
    const read = `${READ},${file}`;
    assert.match(await firstLine(["--allow-ffi", read, ENVIRONMENT], ["--config", file]), / ready: /);
    assert.match(await firstLine(["--allow-ffi", read], ["--config", file]), /run again with the --allow-env flag/);
    assert.match(await firstLine(["--allow-ffi", READ, ENVIRONMENT], ["--config", file]), /ringway\.yaml/);
  });

  it("needs nothing to import the package", async () => {
    const program = join(folder, "import.ts");
    writeFileSync(
      program,
      `import * as ringway from "${pathToFileURL(join(PROJECT, "mod.ts")).href}";\n` +
        `console.log("ringway", typeof ringway.startProxy, Object.keys(ringway).length > 10);\n`,
    );
    assert.equal(await firstLine(NOTHING, [], program), "ringway function true");
  });

  it("needs native code or the network for sockets, and says so", async () => {
    const program = join(folder, "sockets.ts");
    writeFileSync(
      program,
      `import { openSockets } from "${pathToFileURL(join(PROJECT, "lib/sockets/mod.ts")).href}";
      try {
        const sockets = await openSockets();
        const listener = await sockets.listen("127.0.0.1:0");
        const [client, server] = await Promise.all([sockets.connect(listener.address), listener.accept()]);
        await client.write("hello");
        const greeting = new TextDecoder().decode(await server.read());
        console.log("ringway:", greeting, sockets.selected.driver, sockets.selected.reason);
        await sockets.close();
      } catch (error) {
        console.log("ringway:", error.code, error.message);
      }\n`,
    );
    assert.equal(await firstLine(["--allow-ffi"], [], program), "ringway: hello uring io_uring works here");
    assert.match(await firstLine(["--allow-net"], [], program), /hello default .*run with --allow-ffi/);
    assert.match(await firstLine(NOTHING, [], program), /ERR_PERMISSION .*run with --allow-net/);
  });

  it("needs to write the access log", async () => {
    const log = join(folder, "access.log");
    const logging = [...line, "--access-log", log];
    assert.match(await firstLine(["--allow-ffi", READ, `--allow-write=${log}`], logging), / ready: /);
    assert.match(await firstLine(["--allow-ffi", READ], logging), /run again with the --allow-write flag/);
  });
});
