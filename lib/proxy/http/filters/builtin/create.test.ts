import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TestExchange, TestWorker } from "../test_exchange.ts";
import { createFilter } from "./create.ts";
import type { FilterOptions } from "./options.ts";

const FILTERS: readonly FilterOptions[] = [
  {
    type: "cors",
    options: {
      allowOrigins: ["*"],
      allowMethods: [],
      allowHeaders: [],
      exposeHeaders: [],
      allowCredentials: false,
      maxAgeS: 0,
    },
  },
  { type: "basic-auth", options: { realm: "x", users: { ann: "plain:x" } } },
  { type: "ip-filter", options: { allow: [], deny: ["192.0.2.1"] } },
  {
    type: "rate-limit",
    options: { requests: 1, perMs: 1000, burst: 0, key: "all", header: "", maximumKeys: 1, status: 429 },
  },
  { type: "compression", options: { algorithms: ["gzip"], minimumBytes: 0, types: ["*/*"], level: 0 } },
  {
    type: "jwt",
    options: {
      algorithms: ["HS256"],
      secret: "x".repeat(32),
      jwksUrl: "",
      jwksFile: "",
      issuer: "",
      audience: [],
      header: "authorization",
      cookie: "",
      claimsToHeaders: {},
      clockToleranceS: 0,
      isOptional: false,
    },
  },
  { type: "fault", options: { delayMs: 0, delayPercent: 0, abortStatus: 503, abortPercent: 100 } },
];

/** What a plain request without any credentials is answered. */
const ANSWERS = [null, 401, 403, null, null, 401, 503];

describe("createFilter", () => {
  for (const [index, options] of FILTERS.entries()) {
    it(`makes ${options.type}`, async () => {
      const filter = createFilter(options);
      assert.equal(filter.name, options.type);
      await filter.onStart?.(new TestWorker());
      const reply = await new TestExchange().ask(filter);
      assert.equal(reply?.status ?? null, ANSWERS[index]);
      await filter.onStop?.();
    });
  }

  it("says what is wrong", () => {
    const wrong: FilterOptions = { type: "ip-filter", options: { allow: ["x"], deny: [] } };
    assert.throws(() => createFilter(wrong), { code: "ERR_FILTER_OPTIONS", message: /The filter ip-filter: "x"/ });
  });
});
