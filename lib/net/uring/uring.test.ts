/** The conformance suite on io_uring, in both ways of waiting. */
import { conformanceSuite } from "../conformance/suite.ts";
import { openUringHarness } from "./test_harness.ts";

conformanceSuite("uring, parked", (options) => openUringHarness({ ...options, waiting: "parked" }));
conformanceSuite("uring, bridged", (options) => openUringHarness({ ...options, waiting: "bridged" }));
