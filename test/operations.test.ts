/** Operations in threads that block in their rings. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { statSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startThreads } from "../lib/threads/mod.ts";
import { until } from "./support/command.ts";
import type { OperationsReport } from "./support/operations_thread.ts";

const MODULE = new URL("./support/operations_thread.ts", import.meta.url);
/** Any file that takes more than one buffer. */
const FILE = fileURLToPath(new URL("../ffi/embedded/x86_64.ts", import.meta.url));
const COUNT = 2;
const ROUNDS = 50;

/** Send a datagram and wait for the answer, so many times. */
async function pingPong(port: number): Promise<void> {
  const client = createSocket("udp4");
  for (let round = 0; round < ROUNDS; round++) {
    const answered = new Promise<Uint8Array>((resolve) => client.once("message", resolve));
    client.send(Uint8Array.of(round), port, "127.0.0.1");
    assert.deepEqual(new Uint8Array(await answered), Uint8Array.of(round));
  }
  await new Promise<void>((resolve) => client.close(() => resolve()));
}

test("threads answer datagrams and read files while they block in their rings", { timeout: 60_000 }, async () => {
  const reports: OperationsReport[][] = Array.from({ length: COUNT }, () => []);
  const problems: string[] = [];
  const threads = await startThreads<string, OperationsReport>(MODULE, {
    count: COUNT,
    socketInterface: "uring",
    data: FILE,
    onMessage: (report, index) => void reports[index]?.push(report),
    onProblem: (problem) => void problems.push(problem.message),
  });
  const said = (index: number, name: keyof OperationsReport): OperationsReport[typeof name] =>
    reports[index]?.find((report) => report[name] !== undefined)?.[name];
  const all = (name: keyof OperationsReport): boolean => reports.every((_, index) => said(index, name) !== undefined);
  await until(() => all("address"), "the threads answer datagrams");
  await Promise.all(reports.map(([report]) => pingPong(report?.address?.port ?? 0)));
  threads.post("read the file");
  await until(() => all("fileBytes"), "the threads have read the file");
  await threads.stop();
  for (let index = 0; index < COUNT; index++) {
    assert.equal(said(index, "fileBytes"), Math.min(100_000, statSync(FILE).size));
    assert.equal(said(index, "answered"), ROUNDS);
  }
  assert.deepEqual(problems, []);
});
