/** The conformance suite without anything of io_uring that a kernel may lack, and without each of it alone. */
import {
  FEATURE_COOPERATIVE_TASK_RUN,
  FEATURE_DEFERRED_TASK_RUN,
  FEATURE_MULTISHOT_ACCEPT,
  FEATURE_MULTISHOT_LIMIT,
  FEATURE_MULTISHOT_RECEIVE,
  FEATURE_POLL_FIRST,
  FEATURE_REGISTERED_RING,
  FEATURE_SINGLE_ISSUER,
  FEATURE_SKIP_SUCCESS,
  FEATURE_SUBMIT_ALL,
} from "../../../ffi/abi.ts";
import { conformanceSuite } from "../conformance/suite.ts";
import { openUringHarness } from "./test_harness.ts";

const EVERYTHING =
  FEATURE_SINGLE_ISSUER |
  FEATURE_DEFERRED_TASK_RUN |
  FEATURE_COOPERATIVE_TASK_RUN |
  FEATURE_SUBMIT_ALL |
  FEATURE_REGISTERED_RING |
  FEATURE_MULTISHOT_ACCEPT |
  FEATURE_MULTISHOT_RECEIVE |
  FEATURE_MULTISHOT_LIMIT |
  FEATURE_SKIP_SUCCESS |
  FEATURE_POLL_FIRST;

conformanceSuite("uring on the oldest kernel", (options) =>
  openUringHarness({ ...options, ring: { disabledFeatures: EVERYTHING } }),
);

// Linux 6.1 to 6.16.
conformanceSuite("uring without a limit for multishot receives", (options) =>
  openUringHarness({ ...options, ring: { disabledFeatures: FEATURE_MULTISHOT_LIMIT } }),
);
