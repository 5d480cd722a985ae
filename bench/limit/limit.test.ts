import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { run } from "../../test/runner/process.ts";
import { benchProgram, type Environment } from "../environment.ts";
import { checkHttpRelay } from "../http_relay_check.ts";
import { limitPeers } from "../peers/limit.ts";
import { checkRelay } from "../relay_check.ts";

const PROGRAM = benchProgram("limit");
const ENVIRONMENT = {
  missing: new Map(),
  descriptors: { wrapper: [], limit: 1024 },
  placement: { proxy: [] },
} as unknown as Environment;
/** What it says where the kernel lacks something. */
const REFUSAL = /needs Linux|io_uring_setup/;

describe("the limit", { skip: !existsSync(PROGRAM) && `${PROGRAM} is missing: zig build bench-limit` }, () => {
  for (const [protocol, check] of [
    ["tcp", checkRelay],
    ["http", checkHttpRelay],
  ] as const) {
    for (const peer of limitPeers(protocol)) {
      it(`relays ${protocol} as ${peer.name}, or says what the kernel lacks`, async () => {
        const { failure } = await check(ENVIRONMENT, peer);
        if (failure !== null) assert.match(failure, REFUSAL);
      });
    }
  }

  it("refuses what it does not know, and what does not go together", async () => {
    const refusal = async (...options: readonly string[]): Promise<string> => {
      const { ok, output } = await run([PROGRAM, "1", "2", ...options], { timeoutMs: 10_000 });
      assert.equal(ok, false);
      return output;
    };
    assert.match(await refusal(), /arguments: PORT UPSTREAM_PORT HTTP/);
    assert.match(await refusal("0", "--fast"), /not an option: --fast/);
    assert.match(await refusal("0", "--min-wait=soon"), /not a number of microseconds/);
    assert.match(await refusal("0", "--zero-copy", "--skip-success"), /only one at a time/);
    assert.match(await refusal("1", "--incremental"), /is for TCP/);
  });
});
