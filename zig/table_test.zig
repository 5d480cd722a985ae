//! Handles: who may use a ring, and what becomes of one that was closed.

const std = @import("std");
const abi = @import("abi.zig");
const exports = @import("exports.zig");
const harness = @import("harness.zig");
const system = @import("system.zig");
const table = @import("table.zig");
const TestRing = harness.TestRing;
const Listener = harness.Listener;
const testing = std.testing;

test "a ring opens, tells about itself and closes" {
    var ring = try TestRing.open(.{ .submission_entries = 5, .completion_entries = 9 });
    try testing.expectEqual(8, ring.info(.submission_entries));
    try testing.expectEqual(16, ring.info(.completion_entries));
    try testing.expectEqual(0, ring.info(.open_descriptors));
    try testing.expect(harness.isOpen(ring.info(.ring_descriptor)));
    try testing.expectEqual(8 * 4096, ring.info(.bulk_offset));
    try testing.expectEqual(12 * 4096, ring.arena.len);
    const descriptor = ring.info(.ring_descriptor);
    ring.close();
    try testing.expect(!harness.isOpen(descriptor));
}

test "the shared memory of a closed ring reads as zero" {
    var ring = try TestRing.open(.{});
    ring.arena[0] = 1;
    ring.arena[ring.arena.len - 1] = 1;
    ring.queue(.{});
    _ = try ring.enter(1, harness.deadline_us);
    ring.close();
    try testing.expectEqual(0, ring.arena[0]);
    try testing.expectEqual(0, ring.arena[ring.arena.len - 1]);
    try testing.expectEqual(0, ring.header.enters);
    try testing.expectEqual(std.mem.zeroes(abi.Completion), ring.completions[0]);
}

test "a stale handle is refused although its place is used again" {
    var first = try TestRing.open(.{});
    first.close();
    var second = try TestRing.open(.{});
    defer second.close();
    try testing.expect(first.handle != second.handle);
    try testing.expectEqual(first.handle & (abi.rings - 1), second.handle & (abi.rings - 1));
    try expectRefused(first.handle, harness.BADF);
}

test "handles that never were are refused" {
    for ([_]i32{ -1, std.math.minInt(i32), std.math.maxInt(i32), 255, 1 << 8 }) |handle| {
        try expectRefused(handle, harness.BADF);
    }
}

fn expectRefused(handle: i32, errno: i32) !void {
    var numbers: [1]i32 = undefined;
    try testing.expectEqual(errno, exports.ringway_enter(handle, 0, 0, 0));
    try testing.expectEqual(errno, exports.ringway_submit(handle, 0));
    try testing.expectEqual(errno, exports.ringway_buffers_withdraw(handle, 0, &numbers, 1));
    try testing.expectEqual(errno, exports.ringway_ring_event(handle));
    try testing.expectEqual(errno, exports.ringway_ring_event_mute(handle, 1));
    try testing.expectEqual(errno, exports.ringway_socket_open(handle, 2));
    if (errno != harness.BADF) return;
    try testing.expectEqual(errno, exports.ringway_ring_info(handle, 0));
    try testing.expectEqual(errno, exports.ringway_wake(handle));
    try testing.expectEqual(errno, exports.ringway_ring_close(handle));
    try testing.expectEqual(0, exports.ringway_ring_address(handle, 0));
    try testing.expectEqual(0, exports.ringway_ring_bytes(handle, 0));
}

test "another thread may not use a ring, only wake it" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    const Other = struct {
        fn use(handle: i32) !void {
            try expectRefused(handle, system.errno(.PERM));
            try testing.expectEqual(0, exports.ringway_wake(handle));
        }
    };
    try harness.inThread(Other.use, .{ring.handle});
    try testing.expectEqual(0, (try ring.run(.{ .slot = 1 })));
}

test "options out of range fail at the stage that says so" {
    const cases = [_]harness.Options{
        .{ .submission_entries = 0 },
        .{ .submission_entries = -1 },
        .{ .submission_entries = 32769, .completion_entries = 65536 },
        .{ .submission_entries = 64, .completion_entries = 63 },
        .{ .completion_entries = 65537 },
        .{ .command_capacity = 7 },
        .{ .command_capacity = (1 << 20) + 1 },
        .{ .completion_capacity = 7 },
        .{ .completion_capacity = -8 },
        .{ .small_count = -1 },
        .{ .small_count = 32769, .small_bytes = 1 },
        .{ .small_bytes = 0 },
        .{ .bulk_count = 1, .bulk_bytes = -1 },
        .{ .write_count = 2, .write_bytes = 1 << 30 },
        .{ .small_count = 0, .bulk_count = 0, .write_count = 0 },
        .{ .small_count = 32768, .small_bytes = 1, .bulk_count = 32768, .bulk_bytes = 1, .write_count = 1 },
    };
    for (cases) |options| {
        const failure = try harness.openFailure(options);
        try testing.expectEqual(abi.OpenStage.options, failure.stage);
        try testing.expectEqual(harness.INVAL, failure.errno);
    }
}

test "too few options and none are refused" {
    var words = (harness.Options{}).words();
    try testing.expectEqual(harness.INVAL, exports.ringway_ring_open(&words, words.len - 1));
    try testing.expectEqual(harness.INVAL, exports.ringway_ring_open(null, words.len));
}

test "a ring that can't be opened leaves no descriptor behind" {
    const before = try highestDescriptor();
    _ = try harness.openFailure(.{ .disabled_features = abi.Feature.no_drop });
    _ = try harness.openFailure(.{ .disabled_features = abi.Feature.buffer_rings });
    _ = try harness.openFailure(.{ .small_bytes = 0 });
    try testing.expectEqual(before, try highestDescriptor());
}

/// The lowest free number, which a new descriptor gets. Waits for the kernel to be done with rings that were closed.
fn highestDescriptor() !i32 {
    const descriptor = system.eventDescriptor();
    try testing.expect(descriptor >= 0);
    _ = system.close(descriptor);
    return descriptor;
}

test "when all places are taken the next ring is refused with its stage" {
    const small = harness.Options{
        .submission_entries = 1,
        .completion_entries = 1,
        .small_count = 1,
        .small_bytes = 64,
        .write_count = 0,
    };
    const rings = try testing.allocator.alloc(TestRing, abi.rings);
    defer testing.allocator.free(rings);
    var count: usize = 0;
    defer for (rings[0..count]) |*ring| ring.close();
    while (count < rings.len) : (count += 1) rings[count] = try TestRing.open(small);
    const failure = try harness.openFailure(small);
    try testing.expectEqual(abi.OpenStage.ring_table, failure.stage);
    try testing.expectEqual(system.errno(.NFILE), failure.errno);
}

const Abandoned = struct {
    handle: i32 = -1,
    descriptors: [2]i32 = .{ -1, -1 },

    /// What a thread does that ends without closing its ring.
    fn open(abandoned: *Abandoned, listener: *const Listener) !void {
        // The kernel itself refuses foreign registrations to a ring with a single issuer.
        var ring = try TestRing.open(.{ .disabled_features = abi.Feature.single_issuer });
        abandoned.handle = ring.handle;
        abandoned.descriptors = try ring.connectTo(listener);
    }
};

test "when its thread has ended any thread closes a ring, and with it its descriptors" {
    var listener = try Listener.open();
    defer listener.close();
    var abandoned = Abandoned{};
    try harness.inThread(Abandoned.open, .{ &abandoned, &listener });
    for (abandoned.descriptors) |descriptor| try testing.expect(harness.isOpen(descriptor));
    try testing.expectEqual(0, exports.ringway_ring_close(abandoned.handle));
    for (abandoned.descriptors) |descriptor| try testing.expect(!harness.isOpen(descriptor));
}

test "closing the ring of a thread that ended leaves the closer's own ring alone" {
    // A new thread often gets the ended one's place in memory, and its ring the same registered index.
    const Successor = struct {
        fn closeOther(abandoned: *const Abandoned) !void {
            var ring = try TestRing.open(.{});
            defer ring.close();
            try testing.expectEqual(0, exports.ringway_ring_close(abandoned.handle));
            try testing.expectEqual(0, try ring.run(.{ .slot = 1 }));
        }
    };
    var listener = try Listener.open();
    defer listener.close();
    var abandoned = Abandoned{};
    try harness.inThread(Abandoned.open, .{ &abandoned, &listener });
    try harness.inThread(Successor.closeOther, .{&abandoned});
}

const Waiter = struct {
    handle: i32 = -1,
    is_waiting: bool = false,
    result: i32 = 0,
    next_result: i32 = 0,
    failure: ?anyerror = null,

    fn run(waiter: *Waiter) void {
        waiter.wait() catch |caught| {
            waiter.failure = caught;
        };
    }

    fn wait(waiter: *Waiter) !void {
        var ring = try TestRing.open(.{});
        ring.queue(.{ .operation = .wake, .slot = 1 });
        waiter.handle = ring.handle;
        @atomicStore(bool, &waiter.is_waiting, true, .release);
        waiter.result = exports.ringway_enter(ring.handle, ring.queued, 1, harness.deadline_us);
        waiter.next_result = exports.ringway_enter(ring.handle, 0, 0, 0);
    }

    fn waitUntilEntered(waiter: *Waiter) !void {
        while (!@atomicLoad(bool, &waiter.is_waiting, .acquire)) try std.Thread.yield();
        const ring = table.get(waiter.handle) orelse return error.NoRing;
        // Counted just before the system call.
        while (@atomicLoad(u32, &ring.header.enters, .acquire) == 0) try std.Thread.yield();
    }
};

test "a wake from another thread ends the wait" {
    var waiter = Waiter{};
    const thread = try std.Thread.spawn(.{}, Waiter.run, .{&waiter});
    try waiter.waitUntilEntered();
    try testing.expectEqual(0, exports.ringway_wake(waiter.handle));
    thread.join();
    if (waiter.failure) |caught| return caught;
    try testing.expectEqual(1, waiter.result);
    try testing.expectEqual(0, waiter.next_result);
    try testing.expectEqual(0, exports.ringway_ring_close(waiter.handle));
}

test "a ring that is closed while its thread waits in it ends the wait and is closed after it" {
    var waiter = Waiter{};
    const thread = try std.Thread.spawn(.{}, Waiter.run, .{&waiter});
    try waiter.waitUntilEntered();
    try testing.expectEqual(0, exports.ringway_ring_close(waiter.handle));
    try testing.expectEqual(harness.BADF, exports.ringway_ring_close(waiter.handle));
    thread.join();
    if (waiter.failure) |caught| return caught;
    try testing.expectEqual(harness.BADF, waiter.result);
    try testing.expectEqual(harness.BADF, waiter.next_result);
}

test "a wake before the command is armed is not lost" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    try testing.expectEqual(0, exports.ringway_wake(ring.handle));
    try testing.expectEqual(0, exports.ringway_wake(ring.handle));
    ring.queue(.{ .operation = .wake, .slot = 1, .generation = 7 });
    const completion = try ring.waitFor(1);
    try testing.expect(completion.result > 0);
    try testing.expectEqual(@as(u32, 7) << 8 | @intFromEnum(abi.Operation.wake), completion.generation_operation);
    // Two signals are one wake.
    ring.queue(.{ .operation = .wake, .slot = 2 });
    try ring.expectQuiet();
}

test "a signal for a closed ring does not wake the one in its place" {
    var first = try TestRing.open(.{});
    try testing.expectEqual(0, exports.ringway_wake(first.handle));
    first.close();
    var second = try TestRing.open(.{});
    defer second.close();
    second.queue(.{ .operation = .wake, .slot = 1 });
    try second.expectQuiet();
    try testing.expectEqual(0, exports.ringway_wake(second.handle));
    try testing.expect((try second.waitFor(1)).result > 0);
}
