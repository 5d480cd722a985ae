import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { problemsBelow } from "./test_problems.ts";

/** Keys of a cluster, and all problems that they have. */
const BAD: readonly (readonly [name: string, keys: string, ...problems: string[]])[] = [
  [
    "endpoints",
    "endpoints: [{ address: 'http://a:1' }, { address: 'a:1', weight: 0 }, { weight: 1 }, 5, " +
      "{ address: 'a:1', wight: 1 }]",
    'endpoints[0].address: "http://a:1": an endpoint has no scheme here: write a:1; the ' +
      'listener\'s "protocol" says it',
    "endpoints[1].weight: found 0; allowed: a whole number from 1 to 1000",
    'endpoints[2].address: missing; it is an address: "HOST:PORT", "[IPV6]:PORT" or ' + '"unix:PATH"',
    'endpoints[3]: found 5; allowed: an address, such as "127.0.0.1:3000", or a mapping with ' +
      "an address and a weight",
    'endpoints[4].wight: unknown key; did you mean "weight"?',
  ],
  [
    "a balancer and its like",
    "endpoints: ['a:1'], balancer: roundrobin, slow_start_ms: -1, panic_threshold_percent: " + "101",
    'balancer: found "roundrobin"; allowed: one of round_robin, least_connections, ' +
      "least_request, random, ring_hash, maglev, or a mapping with a module",
    "slow_start_ms: found -1; allowed: a whole number from 0 to 2061083647",
    "panic_threshold_percent: found 101; allowed: a number from 0 to 100",
  ],
  [
    "a balancer of one's own without a path to it",
    "endpoints: ['a:1'], balancer: { module: mine.ts, option: { most: 5 } }",
    'balancer.module: "mine.ts" is neither a path nor a URL: a file beside the configuration is "./mine.ts"',
    'balancer.option: unknown key; did you mean "options"?',
  ],
  [
    "a balancer of one's own without a module",
    "endpoints: ['a:1'], balancer: { options: 5 }",
    "balancer.module: missing; it is a module",
    "balancer.options: found 5; allowed: a mapping of options",
  ],
  [
    "outlier detection of nothing",
    "endpoints: ['a:1'], outlier_detection: { consecutive_5xx: 0, " + "consecutive_connect_failures: 0 }",
    "outlier_detection: leaves no endpoint out: one of the consecutive_* is more than 0",
  ],
  [
    "outlier detection",
    "endpoints: ['a:1'], outlier_detection: { ejection_ms: 500000, consecutive_4xx: 1 }",
    "outlier_detection.ejection_ms: ejection_ms, 500000, is more than max_ejection_ms, 300000",
    'outlier_detection.consecutive_4xx: unknown key; did you mean "consecutive_5xx"?',
  ],
  [
    "a hashing balancer without a hash",
    "endpoints: ['a:1'], balancer: maglev, slow_start_ms: 5",
    'balancer: no route to this cluster says what to hash, such as "hash: [{ source: true }]"',
    "slow_start_ms: a balancer that hashes gives no endpoint a growing share",
  ],
  [
    "circuit breakers",
    "endpoints: ['a:1'], max_requests: -1, max_retries: x, retry_budget: { minimum: 1, " + "percent: 200 }",
    "max_requests: found -1; allowed: a whole number from 0 to 1073741824",
    'max_retries: found "x"; allowed: a whole number from 0 to 1073741824',
    "retry_budget.minimum: unknown key; known here: percent, min",
    "retry_budget.percent: found 200; allowed: a number from 0 to 100",
  ],
  [
    "a health check without a type",
    "endpoints: ['a:1'], health_check: {}",
    "health_check.type: missing; it is one of tcp, http",
  ],
  [
    "a health check of TCP",
    "endpoints: ['a:1'], health_check: { type: tcp, path: /a }",
    "health_check.path: a check of type tcp asks for nothing",
  ],
  [
    "a health check of HTTP",
    "endpoints: ['a:1'], health_check: { type: http, path: a, expected_statuses: [600, " +
      "299-200, 20x, 200-204, true], interval_ms: 0, host: 'a b' }",
    'health_check.path: "a": it begins with "/", and has visible ASCII characters but "#"',
    "health_check.expected_statuses[0]: found 600; allowed: a whole number from 100 to 599",
    'health_check.expected_statuses[1]: "299-200" is not a range of statuses, such as 200-299',
    'health_check.expected_statuses[2]: "20x" is not a range of statuses, such as 200-299',
    "health_check.expected_statuses[4]: found true; allowed: a status, or a range such as " + '"200-299"',
    "health_check.interval_ms: found 0; allowed: a whole number from 1 to 2061083647",
    'health_check.host: "a b" is no host',
  ],
];

describe("a bad cluster", () => {
  for (const [name, keys, ...expected] of BAD) {
    it(`is told what is wrong with ${name}`, () => {
      const text = `listeners: [{ listen: 'a:2', cluster: web }]\nclusters: [{ name: web, ${keys} }]`;
      assert.deepEqual(problemsBelow("clusters[0]", text), expected);
    });
  }
});
