/** The conformance suite on node:net. */
import { runtime } from "../../../ffi/runtime.ts";
import type { Skip } from "../conformance/harness.ts";
import { conformanceSuite } from "../conformance/suite.ts";
import { openDefaultHarness } from "./test_harness.ts";

const DENO_SKIPS: readonly Skip[] = [
  {
    tests: ["accepts IPv4 on an IPv6 listener unless told not to"],
    reason: "Deno 2.9's node:net ignores ipv6Only, so that IPv4 connections can only be reset, not refused",
  },
];

conformanceSuite("default", (options) => openDefaultHarness(options), runtime.name === "deno" ? DENO_SKIPS : []);
