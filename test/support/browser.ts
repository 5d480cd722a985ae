/**
 * A browser without a window, which opens one page.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** The program, as Debian calls it. */
export const BROWSER = "chromium";

/** A running browser. */
export interface Browser {
  /** What it says about itself, for failures. */
  readonly output: string;
  close(): Promise<void>;
}

/** Open a page, with a profile of its own that is deleted at the end. */
export function openPage(url: string): Browser {
  const profile = mkdtempSync(join(tmpdir(), "ringway-browser-"));
  // Its sandbox does not work for root; it opens nothing but the page of the test.
  const options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];
  const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];
  const arguments_ = [...options, ...quiet, "--remote-debugging-port=0", `--user-data-dir=${profile}`, url];
  // In a group of its own, so that its many children can be ended with it.
  const child = spawn(BROWSER, arguments_, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const keep = (bytes: Uint8Array): void => {
    output += new TextDecoder().decode(bytes);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return {
    get output() {
      return output;
    },
    async close() {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      await closed;
      // Its children may still be writing while they end.
      rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    },
  };
}
