import assert from "node:assert/strict";
import { it } from "node:test";
import { STATISTIC, Statistics } from "../proxy/statistics.ts";
import { StatisticsSum } from "./statistics_sum.ts";

it("what was counted stays when a worker goes, what was going on is over", () => {
  const sum = new StatisticsSum();
  const [one, other] = [new Statistics(), new Statistics()];
  sum.add(one);
  sum.add(other);
  for (const [statistics, total, active] of [
    [one, 5, 2],
    [other, 7, 1],
  ] as const) {
    statistics.add(STATISTIC.downstream_connections_total, total);
    statistics.add(STATISTIC.downstream_connections_active, active);
  }
  const read = () => {
    const { downstream_connections_total, downstream_connections_active } = sum.read();
    return [downstream_connections_total, downstream_connections_active];
  };
  assert.deepEqual(read(), [12, 3]);
  assert.equal(sum.activeConnections([one]), 2);
  sum.retire(one);
  assert.deepEqual(read(), [12, 1]);
  sum.retire(one);
  one.add(STATISTIC.downstream_connections_total, 1);
  assert.deepEqual(read(), [12, 1], "it is not counted twice, nor any more");
  other.add(STATISTIC.downstream_connections_total, 1);
  assert.deepEqual(read(), [13, 1]);
});
