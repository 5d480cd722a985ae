/**
 * On systems other than Linux, as far as that can be tried on Linux: the package can be imported, and a proxy runs on
 * the runtime's own sockets and says why.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { PROJECT } from "../runner/process.ts";
import { greetingOf, start, withUpstream } from "../support/application.ts";
import { runtimeCommand } from "../support/command.ts";

const ON_PLATFORM = fileURLToPath(new URL("../support/on_platform.ts", import.meta.url));

for (const platform of ["darwin", "win32"]) {
  describe(`on ${platform}`, () => {
    it("a proxy has one worker on the default driver, and says why", async () => {
      await withUpstream(async (port) => {
        const started = start(runtimeCommand(ON_PLATFORM, [platform, String(port)]), PROJECT);
        const [, workers, reason] = await started.printed(/^(\d+) workers, (.*)\n/m);
        assert.equal(workers, "1");
        assert.equal(reason, `There is no io_uring on "${platform}", only on Linux`);
        assert.deepEqual(await greetingOf(started), { greeting: "hello", driver: "default" });
      });
    });

    it("sockets are the runtime's own, and what needs io_uring is refused", async () => {
      const output = await start(runtimeCommand(ON_PLATFORM, [platform]), PROJECT).ended;
      const [sockets, uring, operations] = output.split("\n");
      assert.equal(sockets, "hello default");
      assert.equal(uring, `ERR_PLATFORM: There is no io_uring on "${platform}", only on Linux`);
      assert.match(operations ?? "", /^ERR_OPERATIONS_UNAVAILABLE: .* io_uring/);
    });
  });
}
