/**
 * A hosts file of its own for a process, in a mount namespace, so that names can change under it.
 *
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A hosts file. */
export interface Hosts {
  /** Runs a command with this file in place of /etc/hosts. */
  readonly wrapper: readonly string[];
  /** Replace its lines. */
  change(lines: string): void;
  /** Remove it. */
  remove(): void;
}

/** A hosts file with these lines. */
export function createHosts(lines: string): Hosts {
  const folder = mkdtempSync(join(tmpdir(), "ringway-test-"));
  const path = join(folder, "hosts");
  const change = (text: string) => writeFileSync(path, `127.0.0.1 localhost\n${text}\n`);
  change(lines);
  const script = `mount --bind ${path} /etc/hosts && exec "$@"`;
  return {
    wrapper: ["unshare", "--mount", "--map-root-user", "sh", "-c", script, "sh"],
    change,
    remove: () => rmSync(folder, { recursive: true }),
  };
}
