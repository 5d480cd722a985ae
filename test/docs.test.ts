/** The examples in documents and comments: their types are right, and they run. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { EVENT_NAMES } from "../lib/dev_proxy/options.ts";
import { OPTION_NAMES, OTHER_OPTIONS } from "../lib/dev_proxy/rule.ts";
import { checkValue } from "../lib/server/config_file/check.ts";
import { findTools } from "./runner/tools.ts";
import { RunningCommand, type RunOptions, until, unusedPort } from "./support/command.ts";
import { type DocBlock, docBlocks, documents, runnable } from "./support/doc_blocks.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const blocks = docBlocks();
const folder = mkdtempSync(join(tmpdir(), "ringway-docs-"));
const upstream = createServer((_request, response) => void response.end("hello"));

before(async () => {
  // For the packages that examples import.
  symlinkSync(`${PROJECT}/node_modules`, join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
});

after(() => {
  rmSync(folder, { recursive: true });
  upstream.close();
  upstream.closeAllConnections();
});

/** An example that has not ended by then never will, however busy the machine is. */
const HANGS_MS = 60_000;

/** Files that it makes are not to stay, and in Deno it may do more only if it needs the runtime's network, or names. */
function options({ code }: DocBlock): Omit<RunOptions, "module"> {
  const least = ["--no-prompt", "--allow-ffi", "--allow-read"];
  const permissions = /\bfetch\(|localhost/.test(code) ? [...least, "--allow-net"] : least;
  return { config: "deno.json", permissions, cwd: folder };
}

/** The block as a file of its own, and the port in the place of 8080. */
async function write(block: DocBlock): Promise<{ path: string; port: number }> {
  const path = join(folder, `${block.place.replaceAll(/\W/g, "_")}.ts`);
  const port = await unusedPort();
  writeFileSync(path, runnable(block.code, { port, upstreamPort: (upstream.address() as AddressInfo).port }));
  return { path, port };
}

describe("the examples in documents and comments", () => {
  it("are found", () => {
    for (const path of ["README.md", "docs/dev-proxy.md", "docs/filters.md", "lib/dev_proxy/dev_proxy.ts"]) {
      assert.ok(
        blocks.some(({ place }) => place.startsWith(path)),
        path,
      );
    }
  });

  it("have types that are right", async () => {
    const files: string[] = [];
    for (const block of blocks) files.push((await write(block)).path);
    const compilerOptions = {
      isolatedDeclarations: false,
      declaration: false,
      noUnusedLocals: false,
      typeRoots: [`${PROJECT}/node_modules/@types`],
    };
    const config = { extends: `${PROJECT}/tsconfig.json`, compilerOptions, files, include: [] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const [program = "", ...rest] = (await findTools()).tsc;
    const { status, stdout } = spawnSync(program, [...rest, "-p", folder], { encoding: "utf8" });
    assert.equal(status, 0, stdout);
  });

  for (const block of blocks.filter(({ kind }) => kind === "run")) {
    it(`run to their end: ${block.place}`, async () => {
      const { path } = await write(block);
      const command = new RunningCommand([], { module: path, ...options(block) });
      const timer = setTimeout(() => command.signal("SIGKILL"), HANGS_MS);
      const { code, out, error } = await command.finished;
      clearTimeout(timer);
      assert.equal(code, 0, `${out}${error}`);
      if (!block.code.includes("export default ")) return;
      const { default: value } = (await import(path)) as { readonly default: unknown };
      assert.ok(checkValue(block.place, value, path).config.listeners.length > 0);
    });
  }

  for (const block of blocks.filter(({ kind }) => kind === "serves")) {
    it(`serve: ${block.place}`, async () => {
      const { path, port } = await write(block);
      const command = new RunningCommand([], { module: path, ...options(block) });
      try {
        await until(async () => {
          assert.equal(command.child.exitCode, null, `it has ended: ${command.out}${command.error}`);
          const response = await fetch(`http://127.0.0.1:${port}/`).catch(() => null);
          if (response === null) return false;
          assert.equal(response.status, 200, await response.text());
          return true;
        }, `an answer of ${block.place}`);
      } finally {
        await command.stop();
      }
    });
  }
});

describe("the package's exports", () => {
  it("are documented, with all types that they refer to", async () => {
    const { exports } = JSON.parse(document("package.json")) as { readonly exports: Readonly<Record<string, string>> };
    // The others are programs.
    const modules = Object.values(exports).filter((path) => path.endsWith("mod.ts"));
    assert.ok(modules.length >= 5);
    const { deno } = await findTools();
    const { status, stderr } = spawnSync(deno, ["doc", "--lint", ...modules], { cwd: PROJECT, encoding: "utf8" });
    assert.equal(status, 0, stderr);
  });
});

function document(path: string): string {
  return readFileSync(`${PROJECT}/${path}`, "utf8");
}

describe("what documents say about other proxies", () => {
  it("has all options and events of the dev proxy", () => {
    const text = document("docs/dev-proxy.md");
    // What was renamed long ago is found by the error.
    const old = ["logLevel", "logProvider", "context"];
    for (const name of [...OPTION_NAMES, ...EVENT_NAMES, ...Object.keys(OTHER_OPTIONS)]) {
      assert.ok(old.includes(name) || text.includes(`\`${name}\``), name);
    }
  });

  it("names the keys that there are", () => {
    const reference = document("docs/config.md");
    const keys: string[] = [];
    let column = 0;
    for (const line of document("docs/migration.md").split("\n")) {
      const cells = line.split(" | ");
      // A table's head says where the names are.
      const head = cells.findIndex((cell) => /^(?:here|in a configuration)(?: \|)?$/.test(cell));
      if (head > 0) column = head;
      if (!line.startsWith("|")) column = 0;
      if (column > 0) keys.push(...[...(cells[column]?.matchAll(/`(\w+_\w+)`/g) ?? [])].map(([, key = ""]) => key));
    }
    assert.ok(keys.length > 80, String(keys.length));
    for (const key of keys) assert.ok(reference.includes(`\`${key}\``), `${key} is not in docs/config.md`);
  });
});

describe("README.md", () => {
  it("names every example", () => {
    const text = document("README.md");
    // What others import, and what config.md shows.
    const parts = ["echo_thread.ts", "ringway.yaml", "ringway.config.ts"];
    const names = readdirSync(`${PROJECT}/examples`).filter((name) => !parts.includes(name));
    assert.ok(names.length >= 15);
    for (const name of names) assert.ok(text.includes(`(examples/${name}`), name);
  });
});

/** The anchors that GitHub gives to the headings of a document. */
function anchorsOf(text: string): string[] {
  const withoutCode = text.replaceAll(/^```[\s\S]*?^```$/gm, "");
  return [...withoutCode.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

describe("links in documents", () => {
  for (const path of documents()) {
    it(`lead somewhere: ${path}`, () => {
      for (const [, link = ""] of document(path).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(link)) continue;
        const [file = "", anchor] = link.split("#");
        const target = file === "" ? path : posix.join(posix.dirname(path), file);
        assert.ok(existsSync(join(PROJECT, target)), `${link}: there is no such file`);
        if (anchor === undefined) continue;
        assert.ok(anchorsOf(document(target)).includes(anchor), `${link}: there is no such heading`);
      }
    });
  }
});
