/**
 * Another thread for the tests of a ring: it wakes the ring, or tries to use it.
 *
 * @module
 */
import { loadLibrary } from "../../ffi/library.ts";
import { wakeRing } from "./ring.ts";

/** What the test asks for. */
export interface WakeRequest {
  readonly libraryPath: string;
  readonly handle: number;
  /** Enter the ring instead of waking it. */
  readonly enters: boolean;
}

const scope = globalThis as unknown as {
  onmessage: (event: { data: WakeRequest }) => void;
  postMessage(message: unknown): void;
};

scope.onmessage = async ({ data: { libraryPath, handle, enters } }) => {
  const library = await loadLibrary(libraryPath);
  if (enters) scope.postMessage(library.functions.ringway_enter(handle, 0, 0, 0));
  else scope.postMessage(wakeRing(library, handle));
};
scope.postMessage("ready");
