/**
 * A proxy that changes responses on their way: names of an internal host in pages become public ones, however the pages
 * are cut into pieces, and JSON that is too revealing loses a field.
 *
 * Run it: `APP=127.0.0.1:3000 npx -y bun run proxy --config examples/rewrite_responses/ringway.config.ts`
 *
 * @module
 */
import process from "node:process";
import { type BodyTransform, type ConfigFile, defineConfig, type HttpFilter } from "../../mod.ts";

const { LISTEN = "127.0.0.1:8080", APP = "127.0.0.1:3000" } = process.env;
const INTERNAL = "http://app.internal";
const PUBLIC = "https://www.example.com";
const JSON_BYTES = 1_000_000;

/** Passes text on piece by piece, and keeps back what may be the beginning of the name. */
class PublicNames implements BodyTransform {
  readonly #decoder = new TextDecoder();
  readonly #encoder = new TextEncoder();
  #kept = "";

  onPiece(piece: Uint8Array): Uint8Array {
    const text = (this.#kept + this.#decoder.decode(piece, { stream: true })).replaceAll(INTERNAL, PUBLIC);
    const end = text.length - Math.min(text.length, INTERNAL.length - 1);
    this.#kept = text.slice(end);
    return this.#encoder.encode(text.slice(0, end));
  }

  onEnd(): Uint8Array {
    return this.#encoder.encode((this.#kept + this.#decoder.decode()).replaceAll(INTERNAL, PUBLIC));
  }
}

const rewrite: HttpFilter = {
  name: "rewrite",
  onRequestHead({ request }) {
    // What is to be changed must not be compressed.
    request.fields.set("accept-encoding", "identity");
  },
  async onResponseHead({ response }) {
    const type = response?.fields.get("content-type") ?? "";
    if (response === null) return;
    // The bytes are others than those that it stands for.
    response.fields.delete("etag");
    if (type.startsWith("text/html")) {
      response.transformBody(new PublicNames());
    } else if (type.startsWith("application/json")) {
      const value: unknown = JSON.parse(new TextDecoder().decode(await response.readBody(JSON_BYTES)));
      response.replaceBody(JSON.stringify(value, (key, part: unknown) => (key === "password" ? undefined : part)));
    }
  },
};

const config: ConfigFile = defineConfig({
  listeners: [
    { listen: LISTEN, cluster: "app", filters: [{ type: "compression" }, { type: "custom", filter: rewrite }] },
  ],
  clusters: [{ name: "app", endpoints: [APP] }],
});

export default config;
