/**
 * Writes docs/config.md, docs/ringway.schema.json, docs/statistics.md and the comments of the types of configuration
 * files. Run it when the schema or a statistic has changed:
 * `npx -y bun test/support/write_config_docs.ts`
 *
 * @module
 */
import { writeFile } from "node:fs/promises";
import { configDocs } from "./config_docs.ts";
import { statisticsDocs } from "./statistics_docs.ts";

for (const [path, text] of Object.entries({ ...configDocs(), ...statisticsDocs() })) {
  await writeFile(new URL(`../../${path}`, import.meta.url), text);
}
