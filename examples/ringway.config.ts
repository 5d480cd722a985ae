/**
 * A configuration in TypeScript: the addresses come from the environment.
 *
 * Run it: `WEB=127.0.0.1:3000 npx -y bun run proxy --config examples/ringway.config.ts`
 *
 * @module
 */
import process from "node:process";
import { type ConfigFile, defineConfig } from "../mod.ts";

const { LISTEN = "127.0.0.1:8080", WEB = "127.0.0.1:3000" } = process.env;

const config: ConfigFile = defineConfig({
  workers: 2,
  listeners: [{ listen: LISTEN, cluster: "web", http: { head_timeout_ms: 5000 } }],
  // Several addresses are separated by commas.
  clusters: [{ name: "web", endpoints: WEB.split(","), balancer: "least_connections" }],
});

export default config;
