/**
 * What is printed from the statistics: docs/statistics.md.
 *
 * @module
 */
import { STATISTIC_MEANINGS } from "../../lib/proxy/statistics.ts";

const HEAD = `# Statistics

<!-- Generated from lib/proxy/statistics.ts by test/support/write_config_docs.ts: edit the meanings there. -->

Each worker counts in memory that it shares with the main thread, so that reading costs it nothing. \`statistics()\` of
a running proxy gives the sums over all workers, by these names:

\`\`\`ts serves
import { startProxy } from "@ringway/proxy";

const proxy = await startProxy({
  listeners: [{ listen: "127.0.0.1:8080", cluster: "web" }],
  clusters: [{ name: "web", endpoints: ["127.0.0.1:3000"] }],
});
const { http_requests_total, http_responses_5xx_total } = proxy.statistics();
console.log(http_requests_total, http_responses_5xx_total);
\`\`\`

Names that end in \`_total\` only grow, from 0 at the start, also when the proxy gets another configuration; those
that end in \`_active\` go up and down. What begins with \`http_\` is for HTTP only; what begins with
\`downstream_\` or \`upstream_\` is for TCP and HTTP, unless it says TCP.

\`http_reason_*\` are the reasons of the proxy's own answers and of responses that were cut short, by the flags of the
access log; [http.md](http.md#answers-of-the-proxys-own) says more about each.
`;

/** The groups of the table, by how names begin; the first one that fits. */
const GROUPS: readonly (readonly [title: string, prefixes: readonly string[]])[] = [
  ["Clients", ["downstream_"]],
  ["Endpoints", ["upstream_", "outlier_"]],
  ["Reasons", ["http_reason_"]],
  ["Overload", ["overload_", "http_overload_"]],
  ["HTTP", ["http_"]],
];

/** The generated file, by its path in the project. */
export function statisticsDocs(): Readonly<Record<string, string>> {
  const rows = new Map<string, string[]>(GROUPS.map(([title]) => [title, []]));
  for (const [name, meaning] of Object.entries(STATISTIC_MEANINGS)) {
    const group = GROUPS.find(([, prefixes]) => prefixes.some((prefix) => name.startsWith(prefix)));
    if (group === undefined) throw new RangeError(`No group is for ${name}`);
    rows.get(group[0])?.push(`| \`${name}\` | ${meaning} |\n`);
  }
  const tables = [...rows].map(([title, lines]) => `\n## ${title}\n\n| Name | Meaning |\n|---|---|\n${lines.join("")}`);
  return { "docs/statistics.md": `${HEAD}${tables.join("")}` };
}
