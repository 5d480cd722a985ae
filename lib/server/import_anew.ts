/**
 * Reads a configuration in TypeScript as it is now. A thread imports each module once, also those that a configuration
 * imports in its turn: only another thread sees what has changed.
 *
 * @module
 */
import { ThreadControl } from "../threads/thread_control.ts";
import { ConfigFileError } from "./config_file/problem.ts";
import type { CheckedFile } from "./config_file/schema.ts";
import type { FromWorker, WorkerStart } from "./messages.ts";

const TIMEOUT_MS = 10_000;

/** Import and check a module, in a worker of its own. Throws a {@linkcode ConfigFileError}. */
export async function importAnew(workerUrl: URL, file: string, url: string): Promise<CheckedFile> {
  let answer: FromWorker | null = null;
  const thread = new ThreadControl<WorkerStart, never, FromWorker>({
    url: workerUrl,
    library: null,
    onMessage: (message) => {
      answer = message;
    },
    onCrash() {},
    startFailed: (reason) => new ConfigFileError(file, [`${file}: cannot be imported: ${reason}`]),
    startTimedOut: (ms) => new ConfigFileError(file, [`${file}: takes more than ${ms} ms to be imported`]),
  });
  try {
    await thread.start({ type: "read-config", file, url }, TIMEOUT_MS);
    return checkedFile(file, answer);
  } finally {
    await thread.end();
  }
}

function checkedFile(file: string, answer: FromWorker | null): CheckedFile {
  if (answer?.type === "config") return answer.checked;
  throw new ConfigFileError(file, answer?.type === "bad-config" ? answer.problems : [`${file}: cannot be imported`]);
}
