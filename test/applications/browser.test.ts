/**
 * Pages in a browser through the proxy: with `fetch`, an EventSource and a WebSocket, and one of a dev server.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BROWSER, type Browser, openPage } from "../support/browser.ts";
import { until } from "../support/command.ts";
import { DRIVERS } from "../support/front.ts";
import { LARGE_BYTES } from "../support/hono_app.ts";
import { startHono } from "../support/hono_servers.ts";
import { startProxy } from "../support/http_scene.ts";
import { missing } from "../support/programs.ts";
import { ViteProject } from "../support/vite_project.ts";

/** What the page of the application on Hono reports. */
const REPORT = {
  fetch: ["new, from old", "from a browser", 300_000, LARGE_BYTES, 12_000],
  events: ["step 0", "step 1", "step 2", "step 3"],
  socket: ["welcome", "you said hello", 4000, "enough", true],
  color: "rgb(1, 2, 3)",
  protocols: ["http/1.1"],
};

const LOG = ["--access-log", "-", "--access-log-format", "%method% %target% %status%"];

async function withPage(url: string, use: (browser: Browser) => Promise<void>): Promise<void> {
  const browser = openPage(url);
  try {
    await use(browser);
  } catch (error) {
    throw new Error(`In the browser: ${browser.output}`, { cause: error });
  } finally {
    await browser.close();
  }
}

for (const driver of DRIVERS) {
  describe(`a browser through the proxy on the ${driver} driver`, { skip: missing(BROWSER) }, () => {
    it("loads a page whose script uses fetch, an EventSource and a WebSocket", async () => {
      const app = await startHono();
      const command = startProxy(driver, [app.port]);
      try {
        const url = `http://127.0.0.1:${await command.port()}`;
        await withPage(`${url}/page`, async () => {
          let report = "";
          await until(async () => {
            report = await (await fetch(`${url}/report`)).text();
            return report !== "";
          }, "the page had reported");
          assert.deepEqual(JSON.parse(report), REPORT);
        });
      } finally {
        await command.stop();
        await app.kill();
      }
      assert.equal(command.error, "");
    });

    it("shows a change of a module of a dev server without loading the page again", async () => {
      const project = await ViteProject.start();
      const command = startProxy(driver, [project.port], LOG);
      try {
        const url = `http://127.0.0.1:${await command.port()}`;
        await withPage(`${url}/`, async () => {
          await command.until((out) => out.includes("GET /shown?first 200"), "the page was shown");
          project.greet("second");
          await command.until((out) => out.includes("GET /shown?second 200"), "the change was shown");
        });
        // A WebSocket has its line when it is closed. Without it the client would have gone past the proxy.
        await command.until((out) => /GET \/\?token=\S+ 101/.test(out), "the WebSocket had its line");
        assert.equal(command.out.match(/GET \/src\/main\.js/g)?.length, 1, command.out);
      } finally {
        await command.stop();
        await project.close();
      }
    });
  });
}
