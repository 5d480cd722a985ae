/**
 * What a call of the shim costs.
 *
 * @module
 */
import { INFO_FEATURES } from "../../ffi/abi.ts";
import { loadLibrary } from "../../ffi/library.ts";
import { defaultRingOptions } from "../../lib/ring/options.ts";
import { Ring } from "../../lib/ring/ring.ts";
import type { Measured } from "./measured.ts";

/** Calls without a system call, with one, and with one that carries commands. */
export async function ffiBenchmarks(): Promise<readonly Measured[]> {
  const library = await loadLibrary();
  const ring = new Ring(library, defaultRingOptions);
  const commands = 64;
  return [
    {
      key: "callInteger",
      units: 1,
      run: () => library.functions.ringway_ring_info(ring.handle, INFO_FEATURES),
    },
    // Of which reading the clock is a part.
    { key: "callDouble", units: 1, run: () => library.functions.ringway_now_ms() },
    { key: "turnEmpty", units: 1, run: () => ring.enter(0, 0) },
    {
      key: "turnCommand",
      units: commands,
      run: () => {
        for (let slot = 0; slot < commands; slot++) ring.nop(slot, 0);
        return ring.enter(commands, -1);
      },
    },
  ];
}
