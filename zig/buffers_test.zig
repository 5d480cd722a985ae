//! Buffers: where they lie, who has them, and how they come back.

const std = @import("std");
const abi = @import("abi.zig");
const exports = @import("exports.zig");
const harness = @import("harness.zig");
const Buffers = @import("buffers.zig").Buffers;
const TestRing = harness.TestRing;
const testing = std.testing;

const small = @intFromEnum(abi.Group.small);
const bulk = @intFromEnum(abi.Group.bulk);

fn sizes(count: u32, bytes: u32) Buffers.Sizes {
    return .{ .count = count, .bytes = bytes };
}

test "groups follow one another and their buffers are numbered through" {
    var buffers = try Buffers.init(.{ sizes(3, 100), sizes(2, 1000), sizes(1, 7) });
    defer buffers.deinit();
    try testing.expectEqual(2307, buffers.arena_bytes);
    try testing.expectEqual(6, buffers.buffer_count);
    for (buffers.groups, [_]u32{ 0, 300, 2300 }, [_]u32{ 0, 3, 5 }) |group, offset, first| {
        try testing.expectEqual(offset, group.offset);
        try testing.expectEqual(first, group.first);
    }
}

test "the arena can have 2 GiB less one byte and no more" {
    const most = std.math.maxInt(i32);
    var buffers = try Buffers.init(.{ sizes(1, 1 << 30), sizes(0, 0), sizes(1, most - (1 << 30)) });
    try testing.expectEqual(most, buffers.arena_bytes);
    buffers.deinit();
    const over = Buffers.init(.{ sizes(1, 1 << 30), sizes(0, 0), sizes(1, 1 << 30) });
    try testing.expectError(error.Options, over);
}

test "only pieces inside the arena are contained in it" {
    var buffers = try Buffers.init(.{ sizes(1, 100), sizes(0, 0), sizes(0, 0) });
    defer buffers.deinit();
    try testing.expect(buffers.contains(0, 100));
    try testing.expect(buffers.contains(100, 0));
    try testing.expect(buffers.contains(99, 1));
    try testing.expect(!buffers.contains(99, 2));
    try testing.expect(!buffers.contains(101, 0));
    try testing.expect(!buffers.contains(1, std.math.maxInt(u32)));
    try testing.expect(!buffers.contains(std.math.maxInt(u32), 1));
}

test "the most buffers that there can be are all provided" {
    var ring = try TestRing.open(.{
        .small_count = 32768,
        .small_bytes = 1,
        .write_count = 0,
        .command_capacity = 40000,
    });
    defer ring.close();
    try ring.provideAll(32768);
    try testing.expectEqual(0, ring.header.refused);
    try testing.expectEqual(harness.INVAL, try ring.run(.{ .operation = .provide, .a = 32767, .slot = 1 }));
    const pair = try ring.connectPair();
    ring.arena[0] = 0;
    ring.queue(.{ .operation = .receive, .descriptor = pair[1], .slot = 2 });
    ring.arena[32767] = 'x';
    ring.queue(.{ .operation = .send, .descriptor = pair[0], .a = 32767, .b = 1, .slot = 3 });
    const completion = try ring.waitFor(2);
    try testing.expectEqual(0, completion.flags >> abi.CompletionFlag.buffer_shift);
    try testing.expectEqual('x', ring.arena[0]);
}

test "withdrawn buffers come back latest first, are empty, and can be provided again" {
    var ring = try TestRing.open(.{ .small_count = 4 });
    defer ring.close();
    @memset(ring.arena[0 .. 4 * 4096], 'x');
    try ring.provideAll(4);
    var numbers: [8]i32 = @splat(-1);
    try testing.expectEqual(2, exports.ringway_buffers_withdraw(ring.handle, small, &numbers, 2));
    try testing.expectEqualSlices(i32, &.{ 3, 2, -1 }, numbers[0..3]);
    try testing.expectEqual('x', ring.arena[1 * 4096]);
    try testing.expectEqual(0, ring.arena[2 * 4096]);
    try testing.expectEqual(0, ring.arena[3 * 4096]);
    try ring.provideAll(0);
    ring.queue(.{ .operation = .provide, .a = 2 });
    ring.queue(.{ .operation = .provide, .a = 3 });
    try ring.expectQuiet();
    // The kernel uses them in the order in which it has them now.
    const pair = try ring.connectPair();
    for ([_]u32{ 0, 1, 2, 3 }) |expected| try testing.expectEqual(expected, try receiveByte(&ring, pair));
}

/// Send a byte over a pair; the buffer in which it arrived.
fn receiveByte(ring: *TestRing, pair: [2]i32) !u32 {
    ring.queue(.{ .operation = .receive, .descriptor = pair[1], .slot = 2 });
    ring.queue(.{ .operation = .send, .descriptor = pair[0], .a = ring.writeOffset(), .b = 1, .slot = 3 });
    const completion = try ring.waitFor(2);
    try testing.expectEqual(1, completion.result);
    _ = try ring.waitFor(3);
    return completion.flags >> abi.CompletionFlag.buffer_shift;
}

test "buffers that the kernel has used are not withdrawn" {
    var ring = try TestRing.open(.{ .small_count = 4 });
    defer ring.close();
    try ring.provideAll(4);
    const pair = try ring.connectPair();
    try testing.expectEqual(0, try receiveByte(&ring, pair));
    try testing.expectEqual(1, try receiveByte(&ring, pair));
    var numbers: [8]i32 = undefined;
    try testing.expectEqual(2, exports.ringway_buffers_withdraw(ring.handle, small, &numbers, numbers.len));
    try testing.expectEqualSlices(i32, &.{ 3, 2 }, numbers[0..2]);
    try testing.expectEqual(0, exports.ringway_buffers_withdraw(ring.handle, small, &numbers, numbers.len));
    // Nothing is left to receive into.
    try testing.expectEqual(-105, try ring.run(.{ .operation = .receive, .descriptor = pair[1], .slot = 9 }));
}

test "withdrawing goes on working after the 16-bit tail has wrapped" {
    var ring = try TestRing.open(.{ .small_count = 16 });
    defer ring.close();
    var numbers: [16]i32 = undefined;
    for (0..(1 << 16) / 16 + 10) |_| {
        try ring.provideAll(16);
        try testing.expectEqual(16, exports.ringway_buffers_withdraw(ring.handle, small, &numbers, numbers.len));
    }
    try ring.provideAll(16);
    const pair = try ring.connectPair();
    for (0..16) |expected| try testing.expectEqual(expected, try receiveByte(&ring, pair));
}

test "nothing is withdrawn while a completion that was not read may name a buffer" {
    var ring = try TestRing.open(.{ .small_count = 2 });
    defer ring.close();
    try ring.provideAll(2);
    const pair = try ring.connectPair();
    ring.queue(.{ .operation = .receive, .descriptor = pair[1], .slot = 2 });
    ring.queue(.{ .operation = .send, .descriptor = pair[0], .a = ring.writeOffset(), .b = 1, .slot = 3 });
    for (0..2) |_| {
        try testing.expectEqual(0, exports.ringway_submit(ring.handle, ring.queued));
        ring.queued = 0;
    }
    var numbers: [2]i32 = undefined;
    try testing.expectEqual(0, exports.ringway_buffers_withdraw(ring.handle, small, &numbers, numbers.len));
    const completion = try ring.waitFor(2);
    try testing.expectEqual(0, completion.flags >> abi.CompletionFlag.buffer_shift);
    try testing.expectEqual(1, exports.ringway_buffers_withdraw(ring.handle, small, &numbers, numbers.len));
    try testing.expectEqual(1, numbers[0]);
}

test "without deferred task running the kernel may be taking a buffer, and none is withdrawn" {
    var ring = try TestRing.open(.{ .disabled_features = abi.Feature.deferred_task_run });
    defer ring.close();
    try ring.provideAll(8);
    var numbers: [2]i32 = undefined;
    try testing.expectEqual(0, exports.ringway_buffers_withdraw(ring.handle, small, &numbers, numbers.len));
}

test "withdrawing from no group, into no memory or from an empty group gives nothing" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    var numbers: [2]i32 = undefined;
    for ([_]u32{ @intFromEnum(abi.Group.write), 3, std.math.maxInt(u32) }) |group| {
        const withdrawn = exports.ringway_buffers_withdraw(ring.handle, group, &numbers, numbers.len);
        try testing.expectEqual(harness.INVAL, withdrawn);
    }
    try testing.expectEqual(harness.INVAL, exports.ringway_buffers_withdraw(ring.handle, small, null, 1));
    try testing.expectEqual(0, exports.ringway_buffers_withdraw(ring.handle, small, &numbers, numbers.len));
    try testing.expectEqual(0, exports.ringway_buffers_withdraw(ring.handle, bulk, &numbers, numbers.len));
}

test "returning a buffer's memory leaves its neighbours' bytes alone when it is smaller than a page" {
    var ring = try TestRing.open(.{ .small_count = 4, .small_bytes = 1000 });
    defer ring.close();
    @memset(ring.arena[0..4000], 'x');
    try ring.provideAll(4);
    var numbers: [4]i32 = undefined;
    try testing.expectEqual(4, exports.ringway_buffers_withdraw(ring.handle, small, &numbers, numbers.len));
    for (ring.arena[4000..4096]) |byte| try testing.expectEqual(0, byte);
    for (ring.arena[0..4000]) |byte| try testing.expectEqual('x', byte);
}
