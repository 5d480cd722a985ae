/**
 * A JSR registry on this machine, for one package: `deno publish` publishes to it and Deno imports from it, as from
 * https://jsr.io. What it answers is described at https://jsr.io/docs/api.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ENVIRONMENT, PROJECT, run } from "../runner/process.ts";
import { findTools } from "../runner/tools.ts";
import { manifest } from "./manifest.ts";

/** A registry that has the package. */
export interface Registry {
  /** The folder with the files that were published. */
  readonly folder: string;
  /** The files, by their paths from there. */
  readonly files: readonly string[];
  /** With these variables Deno takes packages of JSR from here, and others from where the tests have theirs. */
  readonly environment: Readonly<Record<string, string>>;
  /** Stop, and forget everything. */
  close(): Promise<void>;
}

/** Publish the package, as the project's folder has it. */
export async function publishedPackage(): Promise<Registry> {
  const root = mkdtempSync(join(tmpdir(), "ringway-registry-"));
  const folder = join(root, "package");
  mkdirSync(folder);
  const requests = new Requests(root, folder);
  const server = createServer((request, response) => void requests.answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const environment = {
    JSR_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    DENO_DIR: ownCache(root),
  };
  const close = () => closeRegistry(server, root);
  const { deno } = await findTools();
  const command = [deno, "publish", "--allow-dirty", "--no-check", "--no-provenance", "--token=any"];
  const { ok, output } = await run(command, { environment });
  if (!ok || !requests.isPublished) {
    await close();
    throw new Error(`deno publish: ${output}`);
  }
  return { folder, files: filesIn(folder), environment, close };
}

/** A cache without any module of a registry, but with the packages of npm that were downloaded before. */
function ownCache(root: string): string {
  const cache = join(root, "deno");
  mkdirSync(cache);
  const npm = join(ENVIRONMENT["DENO_DIR"] ?? "", "npm");
  mkdirSync(npm, { recursive: true });
  symlinkSync(npm, join(cache, "npm"));
  return cache;
}

async function closeRegistry(server: Server, root: string): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  rmSync(root, { recursive: true });
}

function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** Answers requests to `/api/`, which publish, and to `/@scope/package/`, which import. */
class Requests {
  readonly #root: string;
  readonly #folder: string;
  /** Before, the registry does not know the package. */
  isPublished = false;

  constructor(root: string, folder: string) {
    this.#root = root;
    this.#folder = folder;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    try {
      const found = request.method === "POST" ? await this.#publish(request) : this.#find(pathname);
      response.writeHead(200, { "content-type": found.type }).end(found.body);
    } catch (error) {
      response.writeHead(404, { "content-type": "text/plain" }).end(String(error));
    }
  }

  async #publish(request: IncomingMessage): Promise<Found> {
    const archive = join(this.#root, "package.tar.gz");
    writeFileSync(archive, Buffer.concat(await request.toArray()));
    const { ok, output } = await run(["tar", "-xzf", archive, "-C", this.#folder], { cwd: PROJECT });
    if (!ok) throw new Error(output);
    this.isPublished = true;
    return json({ id: "1", status: "success", error: null });
  }

  #find(path: string): Found {
    const { name, version, exports } = manifest;
    if (/^\/api\/scopes\/\w+\/packages\/\w+$/.test(path)) return json({});
    if (!this.isPublished) throw new Error(`There is no ${path} yet`);
    if (path === `/${name}/meta.json`) return json({ name, latest: version, versions: { [version]: {} } });
    if (path === `/${name}/${version}_meta.json`) return json({ exports, manifest: this.#checksums() });
    const start = `/${name}/${version}/`;
    if (!path.startsWith(start)) throw new Error(`There is no ${path}`);
    const type = path.endsWith(".ts") ? "text/typescript" : "text/plain";
    return { type, body: readFileSync(join(this.#folder, path.slice(start.length))) };
  }

  #checksums(): Record<string, { size: number; checksum: string }> {
    const sums = filesIn(this.#folder).map((file) => {
      const bytes = readFileSync(join(this.#folder, file));
      const digest = createHash("sha256").update(bytes).digest("hex");
      return [`/${file}`, { size: bytes.length, checksum: `sha256-${digest}` }] as const;
    });
    return Object.fromEntries(sums);
  }
}

interface Found {
  readonly type: string;
  readonly body: string | Uint8Array;
}

function json(value: unknown): Found {
  return { type: "application/json", body: JSON.stringify(value) };
}
