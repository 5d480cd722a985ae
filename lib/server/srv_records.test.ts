import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { SrvRecord } from "./name_server.ts";
import { usedRecords, WEIGHT_MAXIMUM } from "./srv_records.ts";

function record(priority: number, weight: number, name = "a.test"): SrvRecord {
  return { name, port: 80, priority, weight };
}

const records = fc.array(
  fc.record({
    name: fc.constantFrom("a.test", "b.test", "", "."),
    port: fc.nat(65535),
    priority: fc.nat(3),
    weight: fc.oneof(fc.nat(65535), fc.nat(3)),
  }),
);

describe("the SRV records that are used", () => {
  it("are those of the lowest priority", () => {
    const used = usedRecords([record(20, 1), record(10, 2), record(10, 3), record(30, 4)]);
    assert.deepEqual(used, [record(10, 2), record(10, 3)]);
  });

  it("have a weight of 1 for 0", () => {
    assert.deepEqual(usedRecords([record(1, 0), record(1, 5)]), [record(1, 1), record(1, 5)]);
  });

  it("keep their shares when the weights are too large", () => {
    assert.deepEqual(usedRecords([record(1, 60000), record(1, 6000), record(1, 1)]), [
      record(1, 1000),
      record(1, 100),
      record(1, 1),
    ]);
  });

  it("are none where the service is said not to be", () => {
    assert.deepEqual(usedRecords([record(0, 0, ".")]), []);
    assert.deepEqual(usedRecords([record(0, 0, "")]), []);
    assert.deepEqual(usedRecords([]), []);
  });

  it("are of one priority, within the weights' bounds and in their order, for any records", () => {
    fc.assert(
      fc.property(records, (all) => {
        const used = usedRecords(all);
        const present = all.filter(({ name }) => name.length > 1);
        const lowest = Math.min(...present.map(({ priority }) => priority));
        assert.equal(used.length, present.filter(({ priority }) => priority === lowest).length);
        for (const { priority, weight } of used) {
          assert.equal(priority, lowest);
          assert.ok(Number.isInteger(weight) && weight >= 1 && weight <= WEIGHT_MAXIMUM, String(weight));
        }
        const given = present.filter(({ priority }) => priority === lowest);
        for (const [i, one] of given.entries()) {
          for (const [j, other] of given.entries()) {
            if (one.weight > other.weight) assert.ok((used[i]?.weight ?? 0) >= (used[j]?.weight ?? 0));
          }
        }
      }),
    );
  });
});
