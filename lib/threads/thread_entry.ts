/**
 * What a thread of `startThreads` begins with: it runs a module of the user's. To be imported by nobody but a
 * thread's own entry, see the option `threadUrl`.
 *
 * @module
 */
import { ThreadError } from "./errors.ts";
import { describeError } from "./failure.ts";
import { runThread } from "./run_thread.ts";
import { reportProblem, UserThread } from "./user_thread.ts";

runThread({
  errorCode: "ERR_THREAD_START",
  open: UserThread.open,
  onRejection(error) {
    const message = `A promise was rejected in a thread, and nobody waited for it: ${describeError(error)}`;
    reportProblem(new ThreadError("ERR_THREAD_REJECTION", "run a thread", message, error));
  },
});
