import assert from "node:assert/strict";
import { readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { OperationError } from "./errors.ts";
import type { RingFile } from "./ring_file.ts";
import { operationsTest, pattern, rejects } from "./test_operations.ts";

operationsTest("a file is read whole, from a position, and up to its end", async ({ operations, path }) => {
  writeFileSync(path("a"), "hello, file");
  const file = await operations.openFile(path("a"));
  assert.equal(file.path, path("a"));
  assert.equal(await file.size(), 11);
  const bytes = new Uint8Array(20);
  assert.equal(await file.read(bytes, 0), 11);
  assert.equal(new TextDecoder().decode(bytes.subarray(0, 11)), "hello, file");
  assert.equal(await file.read(bytes.subarray(0, 4), 7), 4);
  assert.equal(new TextDecoder().decode(bytes.subarray(0, 4)), "file");
  assert.equal(await file.read(bytes, 11), 0);
  assert.equal(await file.read(bytes, 2 ** 40), 0);
  assert.equal(await file.read(new Uint8Array(0), 0), 0);
  await file.close();
});

operationsTest("what is written is read again, however many buffers it takes", async ({ operations, path }) => {
  const bytes = pattern(3 * 4096 + 5);
  const file = await operations.openFile(path("a"), { access: "read-write", create: true, exclusive: true });
  await file.write(bytes, 10);
  await file.write(new Uint8Array(0), 0);
  await file.sync();
  await file.sync({ dataOnly: true });
  assert.equal(await file.size(), bytes.length + 10);
  const read = new Uint8Array(bytes.length + 100);
  assert.equal(await file.read(read, 10), bytes.length);
  assert.deepEqual(read.subarray(0, bytes.length), bytes);
  assert.deepEqual(new Uint8Array(readFileSync(path("a")).subarray(10)), bytes);
  await file.close();
});

operationsTest("many reads and writes may be under way at once", async ({ operations, path }) => {
  await using file = await operations.openFile(path("a"), { access: "read-write", create: true });
  const pieces = Array.from({ length: 8 }, (_, index) => new Uint8Array(6000).fill(index + 1));
  await Promise.all(pieces.map((piece, index) => file.write(piece, index * 6000)));
  const read = pieces.map((piece) => new Uint8Array(piece.length));
  await Promise.all(read.map((into, index) => file.read(into, index * 6000)));
  assert.deepEqual(read, pieces);
});

operationsTest("flags and permissions do what they say", async ({ operations, path }) => {
  const written = await operations.openFile(path("a"), { access: "write", create: true, mode: 0o600 });
  assert.equal(statSync(path("a")).mode & 0o777, 0o600);
  await written.write(pattern(3), 0);
  await rejects(written.read(new Uint8Array(1), 0), "EBADF", /^Cannot read the file ".*a": EBADF$/);
  const appended = await operations.openFile(path("a"), { access: "write", append: true });
  await appended.write(pattern(2), 0);
  assert.equal(await appended.size(), 5);
  const truncated = await operations.openFile(path("a"), { access: "write", truncate: true });
  assert.equal(await truncated.size(), 0);
  for (const file of [written, appended, truncated]) await file.close();
  symlinkSync(path("a"), path("link"));
  await (await operations.openFile(path("link"))).close();
  await rejects(operations.openFile(path("link"), { noFollow: true }), "ELOOP", /it is a symbolic link/);
});

operationsTest("what can't be opened says why", async ({ operations, path }) => {
  const missing = operations.openFile(path("missing"));
  await rejects(missing, "ENOENT", /^Cannot open the file ".*missing": there is none \(ENOENT\)$/);
  const error = await missing.catch((reason: unknown) => reason);
  assert.ok(error instanceof OperationError);
  assert.equal(error.errno, 2);
  assert.equal(error.operation, "open");
  writeFileSync(path("a"), "");
  await rejects(
    operations.openFile(path("a"), { access: "write", create: true, exclusive: true }),
    "EEXIST",
    /it exists already/,
  );
  await rejects(operations.openFile(path(""), { access: "write" }), "EISDIR", /it is a directory/);
  await rejects(operations.openFile(path("a/b")), "ENOTDIR", /no directory/);
});

operationsTest("what can't be meant is refused", async ({ operations, path }) => {
  writeFileSync(path("a"), "abc");
  const code = "ERR_OPERATION_ARGUMENT";
  await rejects(operations.openFile(""), code, /empty/);
  await rejects(operations.openFile("a\0b"), code, /zero byte/);
  await rejects(operations.openFile("a".repeat(4096)), code, /at most 4095 bytes, not 4096/);
  await rejects(operations.openFile(path("a"), { access: "all" as "read" }), code, /access has to be/);
  await rejects(operations.openFile(path("a"), { create: true }), code, /need the access "write"/);
  await rejects(operations.openFile(path("a"), { access: "write", exclusive: true }), code, /needs create/);
  const withMode = operations.openFile(path("b"), { access: "write", create: true, mode: 0o10000 });
  await rejects(withMode, code, /mode has to be/);
  const file = await operations.openFile(path("a"));
  for (const position of [-1, 0.5, Number.NaN, 2 ** 53]) {
    await rejects(file.read(new Uint8Array(1), position), code, /position/);
    await rejects(file.write(new Uint8Array(1), position), code, /position/);
  }
  await rejects(file.read("abc" as unknown as Uint8Array, 0), code, /Uint8Array/);
  await file.close();
});

operationsTest("a closed file is closed, once", async ({ operations, path }) => {
  writeFileSync(path("a"), "abc");
  const file = await operations.openFile(path("a"));
  const reading = file.read(new Uint8Array(3), 0);
  const closing = file.close();
  assert.equal(file.close(), closing);
  const uses: ((closed: RingFile) => Promise<unknown>)[] = [
    (closed) => closed.read(new Uint8Array(1), 0),
    (closed) => closed.write(new Uint8Array(1), 0),
    (closed) => closed.sync(),
    (closed) => closed.size(),
  ];
  for (const use of uses) await rejects(use(file), "ERR_FILE_CLOSED", /the file ".*a": it is closed/);
  // What was under way before has ended as it should.
  assert.equal(await reading, 3);
  await closing;
  await using disposed = await operations.openFile(path("a"));
  await disposed[Symbol.asyncDispose]();
  await rejects(disposed.size(), "ERR_FILE_CLOSED", /it is closed/);
});

operationsTest("bytes whose memory is given away are noticed, before and after", async ({ operations, path }) => {
  writeFileSync(path("a"), pattern(10_000));
  const file = await operations.openFile(path("a"), { access: "read-write" });
  const gone = new Uint8Array(10);
  structuredClone(gone.buffer, { transfer: [gone.buffer] });
  await rejects(file.read(gone, 0), "ERR_BUFFER_DETACHED", /detached/);
  await rejects(file.write(gone, 0), "ERR_BUFFER_DETACHED", /detached/);
  const into = new Uint8Array(10_000);
  const reading = file.read(into, 0);
  structuredClone(into.buffer, { transfer: [into.buffer] });
  await rejects(reading, "ERR_BUFFER_DETACHED", /detached/);
  const bytes = pattern(10_000);
  const writing = file.write(bytes, 0);
  // The first piece may be with the kernel already.
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  await rejects(writing, "ERR_BUFFER_DETACHED", /detached/);
  await file.close();
});

operationsTest("an aborted operation is rejected with the reason, and leaves nothing behind", async (scene) => {
  const { operations, path } = scene;
  writeFileSync(path("a"), pattern(10));
  const reason = new Error("enough");
  const aborted = AbortSignal.abort(reason);
  await assert.rejects(operations.openFile(path("a"), { signal: aborted }), reason);
  // Too late for the kernel, most likely: the file is opened, and closed again.
  const opening = new AbortController();
  const file = operations.openFile(path("a"), { signal: opening.signal });
  opening.abort(reason);
  await assert.rejects(file, reason);
  const kept = await operations.openFile(path("a"), { access: "read-write" });
  const uses: ((signal: AbortSignal) => Promise<unknown>)[] = [
    (signal) => kept.read(new Uint8Array(10), 0, { signal }),
    (signal) => kept.write(pattern(10), 0, { signal }),
    (signal) => kept.sync({ signal }),
    (signal) => kept.size({ signal }),
  ];
  for (const use of uses) {
    await assert.rejects(use(aborted), reason);
    const controller = new AbortController();
    const using = use(controller.signal);
    controller.abort(reason);
    await assert.rejects(using, reason);
  }
  await kept.close();
});
