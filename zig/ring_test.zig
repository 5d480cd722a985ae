//! Turns: what is submitted, waited for and handed over, also when a queue is too small for it.

const std = @import("std");
const abi = @import("abi.zig");
const exports = @import("exports.zig");
const harness = @import("harness.zig");
const prepare = @import("prepare.zig");
const system = @import("system.zig");
const table = @import("table.zig");
const TestRing = harness.TestRing;
const Listener = harness.Listener;
const testing = std.testing;

test "a nop completes with its slot, generation and operation" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    ring.queue(.{ .slot = 5, .generation = 0x7fffff });
    const completions = try ring.enter(1, harness.deadline_us);
    try testing.expectEqual(1, completions.len);
    try testing.expectEqual(5, completions[0].slot);
    try testing.expectEqual(0x7fffff << 8, completions[0].generation_operation);
    try testing.expectEqual(0, completions[0].result);
    try testing.expectEqual(0, completions[0].flags);
}

test "an empty turn without waiting completes nothing and tells the time" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    const before_ms = exports.ringway_now_ms();
    try ring.expectQuiet();
    try testing.expect(ring.header.now_ms >= before_ms);
    try testing.expect(ring.header.now_ms <= exports.ringway_now_ms());
}

test "a wait ends at its timeout" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    const before_ms = exports.ringway_now_ms();
    try testing.expectEqual(0, (try ring.enter(1, 20_000)).len);
    try testing.expect(exports.ringway_now_ms() - before_ms >= 20);
}

test "a wait for several completions does not end with the first" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    ring.queue(.{ .slot = 1 });
    ring.queue(.{ .operation = .wake, .slot = 2 });
    // The nop has completed before the wait for two begins.
    try testing.expectEqual(0, exports.ringway_submit(ring.handle, ring.queued));
    ring.queued = 0;
    const Other = struct {
        fn wake(handle: i32, enters: *const u32) void {
            while (@atomicLoad(u32, enters, .acquire) < 2) std.Thread.yield() catch {};
            _ = exports.ringway_wake(handle);
        }
    };
    const other = try std.Thread.spawn(.{}, Other.wake, .{ ring.handle, &ring.header.enters });
    defer other.join();
    const completions = try ring.enter(2, harness.deadline_us);
    try testing.expectEqual(2, completions.len);
    try testing.expectEqual(1, completions[0].slot);
    try testing.expectEqual(2, completions[1].slot);
}

test "more commands than the queue can hold are refused and not counted as leftover" {
    var ring = try TestRing.open(.{ .command_capacity = 8 });
    defer ring.close();
    try testing.expectEqual(harness.INVAL, exports.ringway_enter(ring.handle, 9, 0, 0));
    try testing.expectEqual(harness.INVAL, exports.ringway_submit(ring.handle, std.math.maxInt(u32)));
    try testing.expectEqual(0, ring.header.leftover);
    try testing.expectEqual(0, try ring.run(.{ .slot = 1 }));
}

test "a submission queue smaller than the commands is submitted in portions, in order" {
    var ring = try TestRing.open(.{ .submission_entries = 1, .completion_entries = 64 });
    defer ring.close();
    for (0..40) |slot| ring.queue(.{ .slot = @intCast(slot) });
    var slots: [40]u32 = undefined;
    try ring.collect(&slots);
    for (slots, 0..) |slot, index| try testing.expectEqual(index, slot);
    try testing.expect(ring.header.submission_queue_full > 0);
}

test "completions that don't fit into the shared area come with later turns, in order" {
    var ring = try TestRing.open(.{ .completion_capacity = 8 });
    defer ring.close();
    for (0..60) |slot| ring.queue(.{ .slot = @intCast(slot) });
    var slots: [60]u32 = undefined;
    try ring.collect(&slots);
    for (slots, 0..) |slot, index| try testing.expectEqual(index, slot);
    try ring.expectQuiet();
}

test "an overflowing completion queue loses nothing and keeps the order" {
    var ring = try TestRing.open(.{ .submission_entries = 1, .completion_entries = 1, .completion_capacity = 16 });
    defer ring.close();
    for (0..200) |slot| ring.queue(.{ .slot = @intCast(slot) });
    var slots: [200]u32 = undefined;
    try ring.collect(&slots);
    for (slots, 0..) |slot, index| try testing.expectEqual(index, slot);
    try testing.expect(ring.header.overflows > 0);
    try ring.expectQuiet();
}

test "refused commands that don't fit into the shared area come with later turns, in order" {
    var ring = try TestRing.open(.{ .completion_capacity = 8, .command_capacity = 64 });
    defer ring.close();
    for (0..64) |slot| ring.queue(.{ .operation = .send, .slot = @intCast(slot) });
    var slots: [64]u32 = undefined;
    try ring.collect(&slots);
    for (slots, 0..) |slot, index| try testing.expectEqual(index, slot);
    try testing.expectEqual(64, ring.header.refused);
}

test "refused commands whose completions nobody reads stay queued" {
    var ring = try TestRing.open(.{ .completion_capacity = 8, .command_capacity = 8 });
    defer ring.close();
    var leftover: u32 = 0;
    var slot: u32 = 0;
    for (0..3) |_| {
        ring.queued = leftover;
        while (ring.queued < 8) : (slot += 1) ring.queue(.{ .operation = .send, .slot = slot });
        leftover = @intCast(exports.ringway_submit(ring.handle, ring.queued));
    }
    try testing.expectEqual(8, leftover);
    try testing.expectEqual(16, ring.header.refused);
    // Malformed commands wait as well: their refusal needs room like any other.
    ring.commands[0].continuation = 100;
    try testing.expectEqual(8, exports.ringway_submit(ring.handle, 8));
    ring.commands[0].continuation = 0;
    ring.queued = 8;
    var slots: [24]u32 = undefined;
    try ring.collect(&slots);
    for (slots, 0..) |found, index| try testing.expectEqual(index, found);
}

test "submit runs commands without handing over completions" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    ring.queue(.{ .slot = 1 });
    ring.queue(.{ .slot = 2 });
    try testing.expectEqual(0, exports.ringway_submit(ring.handle, ring.queued));
    ring.queued = 0;
    try testing.expectEqual(2, (try ring.enter(0, 0)).len);
}

test "each feature of the ring can be switched off alone, and nops still complete" {
    const F = abi.Feature;
    const features = [_]u32{
        F.deferred_task_run, F.single_issuer, F.cooperative_task_run, F.submit_all, F.registered_ring, F.skip_success,
    };
    for (features) |feature| {
        var ring = try TestRing.open(.{ .disabled_features = feature });
        defer ring.close();
        try testing.expect(!ring.has(feature));
        try testing.expectEqual(0, try ring.run(.{ .slot = 1 }));
    }
}

test "deferred task running is not asked for without a single issuer" {
    var ring = try TestRing.open(.{ .disabled_features = abi.Feature.single_issuer });
    defer ring.close();
    try testing.expect(!ring.has(abi.Feature.deferred_task_run));
}

test "with every optional feature off connections still carry bytes" {
    const F = abi.Feature;
    const of_setup = F.deferred_task_run | F.single_issuer | F.cooperative_task_run | F.submit_all | F.registered_ring;
    const of_requests = F.multishot_accept | F.multishot_receive | F.skip_success | F.poll_first;
    var ring = try TestRing.open(.{ .disabled_features = of_setup | of_requests });
    defer ring.close();
    try exchange(&ring);
}

test "features that can't be done without fail with their stage" {
    for ([_]u32{ abi.Feature.no_drop, abi.Feature.wait_timeout }) |feature| {
        const failure = try harness.openFailure(.{ .disabled_features = feature });
        try testing.expectEqual(abi.OpenStage.features, failure.stage);
        try testing.expectEqual(system.errno(.OPNOTSUPP), failure.errno);
    }
    const failure = try harness.openFailure(.{ .disabled_features = abi.Feature.buffer_rings });
    try testing.expectEqual(abi.OpenStage.buffer_rings, failure.stage);
}

test "a polled submission queue takes commands without system calls to submit them" {
    var ring = try TestRing.open(.{ .submission_queue_polling = 1, .submission_queue_idle_ms = 1 });
    defer ring.close();
    try testing.expect(ring.has(abi.Feature.submission_queue_polling));
    try testing.expect(!ring.has(abi.Feature.deferred_task_run));
    try exchange(&ring);
    // The polling thread goes to sleep after a millisecond, and has to be woken.
    try testing.expectEqual(0, (try ring.enter(1, 50_000)).len);
    try testing.expectEqual(0, try ring.run(.{ .slot = 99 }));
}

test "a polled submission queue that is full is waited for" {
    var ring = try TestRing.open(.{ .submission_queue_polling = 1, .submission_entries = 2 });
    defer ring.close();
    for (0..200) |slot| ring.queue(.{ .slot = @intCast(slot) });
    try testing.expectEqual(0, exports.ringway_submit(ring.handle, ring.queued));
    ring.queued = 0;
    var slots: [200]u32 = undefined;
    try ring.collect(&slots);
    for (slots, 0..) |slot, index| try testing.expectEqual(index, slot);
    try testing.expect(ring.header.submission_queue_full > 0);
}

/// Send some bytes over a connection and receive them.
fn exchange(ring: *TestRing) !void {
    try ring.provideAll(8);
    const pair = try ring.connectPair();
    const offset = ring.writeOffset();
    @memcpy(ring.arena[offset..][0..5], "hello");
    ring.queue(.{ .operation = .receive, .descriptor = pair[1], .slot = 10 });
    ring.queue(.{ .operation = .send, .descriptor = pair[0], .a = offset, .b = 5, .slot = 11 });
    const received = try ring.waitFor(10);
    try testing.expectEqual(5, received.result);
    try testing.expect(received.flags & abi.CompletionFlag.buffer != 0);
    const buffer = received.flags >> abi.CompletionFlag.buffer_shift;
    try testing.expectEqualStrings("hello", ring.arena[buffer * 4096 ..][0..5]);
}

test "a muted event descriptor stays unreadable, and is signalled again afterwards" {
    var ring = try TestRing.open(.{});
    const event = exports.ringway_ring_event(ring.handle);
    try testing.expectEqual(0, exports.ringway_ring_event_mute(ring.handle, 1));
    ring.queue(.{ .operation = .nop, .slot = 1 });
    try testing.expectEqual(1, (try ring.enter(1, harness.deadline_us)).len);
    try testing.expectEqual(0, exports.ringway_wait_readable(event, 0));
    try testing.expectEqual(0, exports.ringway_ring_event_mute(ring.handle, 0));
    ring.queue(.{ .operation = .nop, .slot = 2 });
    try testing.expectEqual(1, (try ring.enter(1, harness.deadline_us)).len);
    try testing.expectEqual(1, exports.ringway_wait_readable(event, 0));
    ring.close();
}

test "the event descriptor becomes readable with completions, and is made once" {
    var ring = try TestRing.open(.{});
    const event = exports.ringway_ring_event(ring.handle);
    try testing.expect(event >= 0);
    try testing.expectEqual(event, exports.ringway_ring_event(ring.handle));
    try testing.expectEqual(0, exports.ringway_wait_readable(event, 0));
    ring.queue(.{ .operation = .timeout, .a = 1000, .slot = 1 });
    try ring.expectQuiet();
    try testing.expectEqual(1, exports.ringway_wait_readable(event, harness.deadline_us / 1000));
    try testing.expectEqual(0, exports.ringway_event_drain(event));
    try testing.expectEqual(1, (try ring.enter(0, 0)).len);
    try testing.expect(exports.ringway_event_signal(event) > 0);
    try testing.expectEqual(1, exports.ringway_wait_readable(event, 0));
    ring.close();
    try testing.expect(!harness.isOpen(event));
}

test "closing a ring closes connections whose completion nobody read" {
    var listener = try Listener.open();
    defer listener.close();
    var ring = try TestRing.open(.{});
    ring.queue(.{ .operation = .accept, .descriptor = listener.descriptor, .slot = 1 });
    try ring.expectQuiet();
    const peer = try listener.connectPlain();
    defer _ = system.close(peer);
    // Runs the accept and leaves its completion in the kernel's queue.
    try testing.expectEqual(0, exports.ringway_submit(ring.handle, 0));
    try testing.expectEqual(0, ring.info(.open_descriptors));
    ring.close();
    try expectEnded(peer);
}

test "closing a ring closes connections whose completion did not fit into the kernel's queue" {
    var listener = try Listener.open();
    defer listener.close();
    var ring = try TestRing.open(.{ .submission_entries = 1, .completion_entries = 1 });
    ring.queue(.{ .operation = .accept, .descriptor = listener.descriptor, .slot = 1 });
    try ring.expectQuiet();
    var peers: [8]i32 = undefined;
    for (&peers) |*peer| peer.* = try listener.connectPlain();
    defer for (peers) |peer| {
        _ = system.close(peer);
    };
    for (0..4) |_| try testing.expectEqual(0, exports.ringway_submit(ring.handle, 0));
    ring.close();
    // Those that were not accepted get their end with the listener.
    listener.close();
    for (peers) |peer| try expectEnded(peer);
    listener = try Listener.open();
}

/// The other side has closed: an end or a reset, not silence.
fn expectEnded(descriptor: i32) !void {
    var buffer: [1]u8 = undefined;
    const count = try harness.readPlain(descriptor, &buffer);
    if (count != 0 and count != system.errno(.CONNRESET)) return error.StillOpen;
}

test "closing a ring closes what was to be closed but was never submitted" {
    var ring = try TestRing.open(.{});
    const descriptor = try ring.openSocket();
    var command = abi.Command{
        .operation = @intFromEnum(abi.Operation.close),
        .descriptor = descriptor,
        .a = 0,
        .b = 0,
        .c = 0,
        .continuation = 0,
        .slot = abi.no_slot,
        .generation = 0,
    };
    const native = table.get(ring.handle) orelse return error.NoRing;
    try testing.expectEqual(prepare.Outcome.done, prepare.command(native, &command));
    try testing.expect(!native.descriptors.has(descriptor));
    // The owner would submit it first.
    const Other = struct {
        fn close(handle: i32) !void {
            try testing.expectEqual(0, exports.ringway_ring_close(handle));
        }
    };
    try harness.inThread(Other.close, .{ring.handle});
    try testing.expect(!harness.isOpen(descriptor));
}

test "closing a ring closes every descriptor that it owns" {
    var ring = try TestRing.open(.{});
    var descriptors: [70]i32 = undefined;
    for (&descriptors) |*descriptor| descriptor.* = try ring.openSocket();
    try testing.expectEqual(70, ring.info(.open_descriptors));
    ring.close();
    for (descriptors) |descriptor| try testing.expect(!harness.isOpen(descriptor));
}

test "closing a ring with requests under way ends them" {
    var ring = try TestRing.open(.{});
    try ring.provideAll(8);
    const pair = try ring.connectPair();
    for (pair, 0..) |descriptor, index| {
        ring.queue(.{ .operation = .receive_multishot, .descriptor = descriptor, .slot = @intCast(index) });
    }
    ring.queue(.{ .operation = .wake, .slot = 3 });
    ring.queue(.{ .operation = .timeout, .a = std.math.maxInt(u32), .slot = 4 });
    try ring.expectQuiet();
    ring.close();
    for (pair) |descriptor| try testing.expect(!harness.isOpen(descriptor));
}
