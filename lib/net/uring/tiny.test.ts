/**
 * The conformance suite on a ring that is far too small: every queue overflows and every group of buffers
 * runs out, again and again, and nobody notices but the counters.
 */
import { conformanceSuite } from "../conformance/suite.ts";
import { openUringHarness } from "./test_harness.ts";

conformanceSuite("uring on a tiny ring", (options) =>
  openUringHarness({
    ...options,
    ring: {
      submissionEntries: 2,
      completionEntries: 4,
      smallBuffers: { count: 64, bytes: 512 },
      bulkBuffers: { count: 1, bytes: 8192 },
      writeBuffers: { count: 2, bytes: 1000 },
      commandCapacity: 16,
      completionCapacity: 8,
    },
  }),
);
