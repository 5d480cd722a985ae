import assert from "node:assert/strict";
import { release } from "node:os";
import process from "node:process";
import { test } from "node:test";
import { FEATURE_MULTISHOT_ACCEPT, FEATURE_MULTISHOT_RECEIVE } from "../../ffi/abi.ts";
import { loadLibrary } from "../../ffi/library.ts";
import { defaultRingOptions } from "../ring/options.ts";
import { Ring } from "../ring/ring.ts";
import { DISABLE_VARIABLE, type SelectedInterface, selectSocketInterface } from "./socket_interface.ts";

function isOn(selected: SelectedInterface, name: string): boolean | undefined {
  return selected.features.find((feature) => feature.name === name)?.on;
}

/** Run with the environment variable set. */
async function withDisabled<T>(names: string, action: () => Promise<T>): Promise<T> {
  process.env[DISABLE_VARIABLE] = names;
  try {
    return await action();
  } finally {
    delete process.env[DISABLE_VARIABLE];
  }
}

test("io_uring is chosen where it works, with the features that its ring has", async () => {
  const library = await loadLibrary();
  const selected = await selectSocketInterface({ wanted: "auto", library });
  assert.equal(selected.driver, "uring");
  assert.equal(selected.reason, "io_uring works here");
  assert.equal(selected.kernel, release());
  assert.equal(selected.disabledFeatures, 0);
  const ring = new Ring(library, defaultRingOptions);
  assert.equal(isOn(selected, "multishot_accept"), (ring.features & FEATURE_MULTISHOT_ACCEPT) !== 0);
  assert.equal(isOn(selected, "multishot_receive"), (ring.features & FEATURE_MULTISHOT_RECEIVE) !== 0);
  assert.equal(isOn(selected, "buffer_rings"), true);
  assert.equal(isOn(selected, "submission_queue_polling"), false);
  ring.closeRing();
});

test("io_uring is chosen when it is asked for", async () => {
  const selected = await selectSocketInterface({ wanted: "uring" });
  assert.equal(selected.driver, "uring");
  assert.equal(selected.reason, "asked for");
});

test("the default driver is chosen when it is asked for, and no library is loaded", async () => {
  const library = () => assert.fail("the library was loaded");
  const selected = await selectSocketInterface({ wanted: "default", library });
  assert.equal(selected.driver, "default");
  assert.equal(selected.reason, "asked for");
  assert.ok(selected.features.every(({ on }) => !on));
});

test("features are disabled by the ring's options, by name and by the environment", async () => {
  const ringOptions = { ...defaultRingOptions, disabledFeatures: FEATURE_MULTISHOT_ACCEPT };
  const selected = await withDisabled(" multishot_receive, ,poll_first", () =>
    selectSocketInterface({ wanted: "uring", ringOptions, disable: ["skip_success"] }),
  );
  for (const name of ["multishot_accept", "multishot_receive", "poll_first", "skip_success"]) {
    const feature = selected.features.find((state) => state.name === name);
    assert.deepEqual(feature, { name, on: false, reason: "disabled by option" });
  }
  const ring = new Ring(await loadLibrary(), { ...defaultRingOptions, disabledFeatures: selected.disabledFeatures });
  assert.equal(ring.features & selected.disabledFeatures, 0);
  ring.closeRing();
});

test("an unknown feature is an error, whichever driver is wanted", async () => {
  for (const wanted of ["auto", "uring", "default"] as const) {
    await withDisabled("multishot_receive,warp", () =>
      assert.rejects(selectSocketInterface({ wanted }), {
        code: "ERR_FEATURE_NAME",
        message: /^Unknown feature "warp" in RINGWAY_DISABLE: known are multishot_accept, /,
      }),
    );
    await assert.rejects(selectSocketInterface({ wanted, disable: ["warp"] }), { code: "ERR_FEATURE_NAME" });
  }
});

test("without a feature that io_uring is not used without, auto falls back and uring is an error", async () => {
  const selected = await selectSocketInterface({ wanted: "auto", disable: ["buffer_rings"] });
  assert.equal(selected.driver, "default");
  assert.match(selected.reason, /not used without buffer_rings, disabled by option/);
  const refused = selectSocketInterface({ wanted: "uring", disable: ["buffer_rings"] });
  await assert.rejects(refused, { code: "ERR_RING_FEATURE", message: selected.reason });
});

test("with a library that can't be loaded, auto falls back and uring is an error", async () => {
  const library = () => loadLibrary("/nonexistent/libringway.so");
  const selected = await selectSocketInterface({ wanted: "auto", library });
  assert.equal(selected.driver, "default");
  assert.match(selected.reason, /^Cannot load the library "\/nonexistent\/libringway.so": /);
  await assert.rejects(selectSocketInterface({ wanted: "uring", library }), { code: "ERR_LIBRARY_LOAD" });
});

test("sizes that no ring can have are the reason of the fallback", async () => {
  const ringOptions = { ...defaultRingOptions, submissionEntries: 0 };
  const selected = await selectSocketInterface({ wanted: "auto", ringOptions });
  assert.equal(selected.driver, "default");
  await assert.rejects(selectSocketInterface({ wanted: "uring", ringOptions }), { code: "ERR_RING_OPTIONS" });
});

test("a bug is not taken for a reason to fall back", async () => {
  const library = () => Promise.reject(new TypeError("a bug"));
  await assert.rejects(selectSocketInterface({ wanted: "auto", library }), TypeError);
});

test("as many rings are tried as there will be, and a process has no more than a table's", async () => {
  const selected = await selectSocketInterface({ wanted: "auto", rings: 4 });
  assert.equal(selected.driver, "uring");
  const tooMany = await selectSocketInterface({ wanted: "auto", rings: 257 });
  assert.equal(tooMany.driver, "default");
  assert.match(tooMany.reason, /use fewer workers/);
  // All were closed again.
  assert.equal((await selectSocketInterface({ wanted: "auto", rings: 4 })).driver, "uring");
});
