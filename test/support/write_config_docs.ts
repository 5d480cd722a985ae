/**
 * Writes docs/config.md and docs/ringway.schema.json. Run it when the schema has changed:
 * `npx -y bun test/support/write_config_docs.ts`
 *
 * @module
 */
import { writeFile } from "node:fs/promises";
import { configDocs } from "./config_docs.ts";

for (const [path, text] of Object.entries(configDocs())) {
  await writeFile(new URL(`../../${path}`, import.meta.url), text);
}
