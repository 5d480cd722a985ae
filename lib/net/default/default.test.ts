/** The conformance suite on node:net. */
import { conformanceSuite } from "../conformance/suite.ts";
import { openDefaultHarness } from "./test_harness.ts";

conformanceSuite("default", (options) => openDefaultHarness(options));
