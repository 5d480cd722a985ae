/**
 * The module that workers begin with.
 *
 * @module
 */
import { type ThreadModule, threadModuleUrl } from "../../ffi/thread_module.ts";

const WORKER: ThreadModule = {
  path: "lib/server/worker",
  specifier: "@ringway/proxy/worker",
  option: "workerUrl",
};

/** Its URL. Throws a RingwayError, `ERR_BUNDLED`, where it is not beside the program. */
export function workerModuleUrl(): URL {
  return threadModuleUrl(WORKER);
}
