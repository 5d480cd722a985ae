/**
 * Reads a configuration in TypeScript as it is now. A thread imports each module once, also those that a configuration
 * imports in its turn: only another thread sees what has changed.
 *
 * @module
 */
import { ConfigFileError } from "./config_file/problem.ts";
import type { CheckedFile } from "./config_file/schema.ts";
import type { FromWorker, ToWorker } from "./messages.ts";

const TIMEOUT_MS = 10_000;

/** Import and check a module, in a worker of its own. Throws a {@linkcode ConfigFileError}. */
export async function importAnew(workerUrl: URL, file: string, url: string): Promise<CheckedFile> {
  const worker = new Worker(workerUrl, { type: "module" });
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise((resolve, reject) => {
      const fail = (problems: readonly string[]) => reject(new ConfigFileError(file, problems));
      timer = setTimeout(() => fail([`${file}: takes more than ${TIMEOUT_MS} ms to be imported`]), TIMEOUT_MS);
      worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
        if (data.type === "config") resolve(data.checked);
        else if (data.type === "bad-config") fail(data.problems);
      };
      worker.onerror = (event) => {
        // Or it would be thrown again here, and end the process.
        event.preventDefault();
        fail([`${file}: cannot be imported: ${event.message}`]);
      };
      worker.postMessage({ type: "read-config", file, url } satisfies ToWorker);
    });
  } finally {
    clearTimeout(timer);
    worker.terminate();
  }
}
