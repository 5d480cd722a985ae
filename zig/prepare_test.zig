//! Every operation over real sockets, and every way in which a command can be wrong.

const std = @import("std");
const abi = @import("abi.zig");
const exports = @import("exports.zig");
const harness = @import("harness.zig");
const system = @import("system.zig");
const Address = harness.Address;
const Listener = harness.Listener;
const TestRing = harness.TestRing;
const Operation = abi.Operation;
const testing = std.testing;

const accept_slot = 1;
const receive_slot = 2;
const send_slot = 3;
const close_slot = 4;
const SHUT_WR = 1;
const POLLIN = 1;
const POLLOUT = 4;
const POLLHUP = 0x10;
const POLLRDHUP = 0x2000;

test "accept completes for each connection until it is cancelled" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    var listener = try Listener.open();
    defer listener.close();
    ring.queue(.{ .operation = .accept, .descriptor = listener.descriptor, .slot = accept_slot, .generation = 9 });
    for (0..3) |_| {
        const peer = try listener.connectPlain();
        defer _ = system.close(peer);
        const completion = try ring.waitFor(accept_slot);
        try testing.expect(completion.result >= 0);
        try testing.expect(completion.flags & abi.CompletionFlag.more != 0);
        const peer_name = try Address.ofSocket(peer, false);
        const seen_name = try Address.ofSocket(completion.result, true);
        try testing.expectEqualSlices(u8, peer_name.bytes[0..peer_name.length], seen_name.bytes[0..seen_name.length]);
    }
    try testing.expectEqual(3, ring.info(.open_descriptors));
    ring.queue(.{ .operation = .cancel, .a = accept_slot, .b = 9 << 8 | @as(u32, @intFromEnum(Operation.accept)) });
    const last = try ring.waitFor(accept_slot);
    try testing.expectEqual(system.errno(.CANCELED), last.result);
    try testing.expect(last.flags & abi.CompletionFlag.more == 0);
}

test "a single accept completes once, also where there is multishot accept" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    var listener = try Listener.open();
    defer listener.close();
    const peer = try listener.connectPlain();
    defer _ = system.close(peer);
    ring.queue(.{ .operation = .accept, .descriptor = listener.descriptor, .a = 1, .slot = accept_slot });
    const completion = try ring.waitFor(accept_slot);
    try testing.expect(completion.result >= 0);
    try testing.expect(completion.flags & abi.CompletionFlag.more == 0);
}

test "accept without multishot completes once" {
    var ring = try TestRing.open(.{ .disabled_features = abi.Feature.multishot_accept });
    defer ring.close();
    var listener = try Listener.open();
    defer listener.close();
    const peer = try listener.connectPlain();
    defer _ = system.close(peer);
    ring.queue(.{ .operation = .accept, .descriptor = listener.descriptor, .slot = accept_slot });
    const completion = try ring.waitFor(accept_slot);
    try testing.expect(completion.result >= 0);
    try testing.expect(completion.flags & abi.CompletionFlag.more == 0);
}

test "connecting to a port that nobody listens on is refused by the peer" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    var listener = try Listener.open();
    const address = listener.address;
    listener.close();
    ring.queueConnect(try ring.openSocket(), &address, 1);
    try testing.expectEqual(system.errno(.CONNREFUSED), (try ring.waitFor(1)).result);
}

test "a multishot receive takes a buffer for each arrival and ends with the connection" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    try ring.provideAll(8);
    const pair = try ring.connectPair();
    ring.queue(.{ .operation = .receive_multishot, .descriptor = pair[1], .slot = receive_slot });
    for ([_][]const u8{ "one", "three" }) |text| {
        try sendText(&ring, pair[0], text);
        const completion = try ring.waitFor(receive_slot);
        try testing.expectEqual(@as(i32, @intCast(text.len)), completion.result);
        try testing.expect(completion.flags & abi.CompletionFlag.more != 0);
        try testing.expectEqualStrings(text, received(&ring, completion));
    }
    ring.queue(.{ .operation = .shutdown, .descriptor = pair[0], .a = SHUT_WR });
    const end = try ring.waitFor(receive_slot);
    try testing.expectEqual(0, end.result);
    try testing.expect(end.flags & (abi.CompletionFlag.more | abi.CompletionFlag.buffer) == 0);
}

fn sendText(ring: *TestRing, descriptor: i32, text: []const u8) !void {
    const offset = ring.writeOffset();
    @memcpy(ring.arena[offset..][0..text.len], text);
    const sent = try ring.run(.{
        .operation = .send,
        .descriptor = descriptor,
        .a = offset,
        .b = @intCast(text.len),
        .slot = send_slot,
    });
    try testing.expectEqual(@as(i32, @intCast(text.len)), sent);
}

/// The bytes of a receive into the small group, whose buffers have 4096 bytes.
fn received(ring: *const TestRing, completion: abi.Completion) []const u8 {
    const buffer = completion.flags >> abi.CompletionFlag.buffer_shift;
    return ring.arena[buffer * 4096 ..][0..@intCast(completion.result)];
}

test "a receive is not longer than asked for" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    try ring.provideAll(8);
    const pair = try ring.connectPair();
    try sendText(&ring, pair[0], "abcdef");
    for ([_][]const u8{ "abc", "def" }) |text| {
        ring.queue(.{
            .operation = .receive,
            .flags = abi.CommandFlag.poll_first,
            .descriptor = pair[1],
            .b = 3,
            .slot = receive_slot,
        });
        try testing.expectEqualStrings(text, received(&ring, try ring.waitFor(receive_slot)));
    }
}

test "a receive without a buffer fails, and works once one is provided" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    const pair = try ring.connectPair();
    try sendText(&ring, pair[0], "x");
    const receive = harness.Command{ .operation = .receive_multishot, .descriptor = pair[1], .slot = receive_slot };
    try testing.expectEqual(system.errno(.NOBUFS), try ring.run(receive));
    try ring.provideAll(1);
    try testing.expectEqual(1, try ring.run(receive));
}

test "each group receives into its own buffers" {
    var ring = try TestRing.open(.{ .small_count = 2, .bulk_count = 2, .bulk_bytes = 8192 });
    defer ring.close();
    try ring.provideAll(4);
    const pair = try ring.connectPair();
    for ([_]abi.Group{ .small, .bulk }, [_]u32{ 0, 2 }) |group, first| {
        try sendText(&ring, pair[0], "bytes");
        ring.queue(.{ .operation = .receive, .descriptor = pair[1], .a = @intFromEnum(group), .slot = receive_slot });
        const completion = try ring.waitFor(receive_slot);
        const buffer = completion.flags >> abi.CompletionFlag.buffer_shift;
        try testing.expect(buffer >= first and buffer < first + 2);
        const bulk_offset: u32 = @intCast(ring.info(.bulk_offset));
        const offset = if (group == .small) buffer * 4096 else bulk_offset + (buffer - 2) * 8192;
        try testing.expectEqualStrings("bytes", ring.arena[offset..][0..5]);
    }
}

test "send_vector sends its pieces in order, as many as there can be" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    try ring.provideAll(8);
    const pair = try ring.connectPair();
    const offset = ring.writeOffset();
    var words: [abi.vector_pieces * 2]u32 = undefined;
    var expected: [abi.vector_pieces]u8 = undefined;
    for (0..abi.vector_pieces) |piece| {
        expected[piece] = 'a' + @as(u8, @intCast(piece));
        ring.arena[offset + piece * 100] = expected[piece];
        words[piece * 2] = offset + @as(u32, @intCast(piece)) * 100;
        words[piece * 2 + 1] = 1;
    }
    const command = harness.Command{
        .operation = .send_vector,
        .descriptor = pair[0],
        .a = abi.vector_pieces,
        .slot = send_slot,
    };
    ring.queueWithWords(command, &words);
    try testing.expectEqual(abi.vector_pieces, @as(u32, @intCast((try ring.waitFor(send_slot)).result)));
    ring.queue(.{ .operation = .receive, .descriptor = pair[1], .slot = receive_slot });
    try testing.expectEqualStrings(&expected, received(&ring, try ring.waitFor(receive_slot)));
}

test "send goes on by itself until all bytes are out" {
    var ring = try TestRing.open(.{ .write_count = 1, .write_bytes = 8 << 20 });
    defer ring.close();
    try ring.provideAll(8);
    const pair = try ring.connectPair();
    ring.queue(.{
        .operation = .send,
        .descriptor = pair[0],
        .a = ring.writeOffset(),
        .b = 8 << 20,
        .slot = send_slot,
    });
    ring.queue(.{ .operation = .receive_multishot, .descriptor = pair[1], .slot = receive_slot });
    var sent: i32 = 0;
    var count: i32 = 0;
    const start_ms = exports.ringway_now_ms();
    while (sent == 0 or count < 8 << 20) {
        try testing.expect(exports.ringway_now_ms() - start_ms < harness.deadline_us / 1000);
        for (try ring.enter(1, 100_000)) |completion| {
            if (completion.slot == send_slot) sent = completion.result;
            if (completion.slot != receive_slot) continue;
            if (completion.result > 0) count += completion.result;
            // Queuing leaves the completions alone.
            if (completion.flags & abi.CompletionFlag.buffer != 0) {
                ring.queue(.{ .operation = .provide, .a = completion.flags >> abi.CompletionFlag.buffer_shift });
            }
            if (completion.flags & abi.CompletionFlag.more == 0) {
                ring.queue(.{ .operation = .receive_multishot, .descriptor = pair[1], .slot = receive_slot });
            }
        }
    }
    try testing.expectEqual(8 << 20, sent);
}

test "close ends the connection, and the descriptor is nobody's from then on" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    try ring.provideAll(8);
    const pair = try ring.connectPair();
    ring.queue(.{ .operation = .receive_multishot, .descriptor = pair[1], .slot = receive_slot });
    const close = harness.Command{
        .operation = .close,
        .flags = abi.CommandFlag.report,
        .descriptor = pair[0],
        .slot = close_slot,
    };
    try testing.expectEqual(0, try ring.run(close));
    try testing.expectEqual(0, (try ring.waitFor(receive_slot)).result);
    try testing.expect(!harness.isOpen(pair[0]));
    try testing.expectEqual(1, ring.info(.open_descriptors));
    try testing.expectEqual(harness.BADF, try ring.run(close));
}

test "reset gives the peer a reset" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    try ring.provideAll(8);
    const pair = try ring.connectPair();
    ring.queue(.{ .operation = .receive_multishot, .descriptor = pair[1], .slot = receive_slot });
    ring.queue(.{ .operation = .reset, .descriptor = pair[0], .slot = close_slot });
    try testing.expectEqual(system.errno(.CONNRESET), (try ring.waitFor(receive_slot)).result);
}

test "close and reset complete only when asked to" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    const pair = try ring.connectPair();
    ring.queue(.{ .operation = .close, .descriptor = pair[0], .slot = close_slot });
    ring.queue(.{ .operation = .reset, .flags = abi.CommandFlag.report, .descriptor = pair[1], .slot = 5 });
    var slots: [1]u32 = undefined;
    try ring.collect(&slots);
    try testing.expectEqual(5, slots[0]);
    try ring.expectQuiet();
}

test "shutdown completes only when it fails" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    const pair = try ring.connectPair();
    ring.queue(.{ .operation = .shutdown, .descriptor = pair[0], .a = SHUT_WR, .slot = 1 });
    try ring.expectQuiet();
    const no_way = harness.Command{ .operation = .shutdown, .descriptor = pair[0], .a = 7, .slot = 1 };
    try testing.expectEqual(harness.INVAL, try ring.run(no_way));
    const socket = try ring.openSocket();
    const unconnected = harness.Command{ .operation = .shutdown, .descriptor = socket, .a = SHUT_WR, .slot = 1 };
    try testing.expectEqual(system.errno(.NOTCONN), try ring.run(unconnected));
}

test "cancel ends the request that it names and no other" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    try ring.provideAll(8);
    const pair = try ring.connectPair();
    ring.queue(.{ .operation = .receive_multishot, .descriptor = pair[0], .slot = 1, .generation = 1 });
    ring.queue(.{ .operation = .receive_multishot, .descriptor = pair[1], .slot = 1, .generation = 2 });
    const second = 2 << 8 | @as(u32, @intFromEnum(Operation.receive_multishot));
    ring.queue(.{ .operation = .cancel, .a = 1, .b = second, .slot = 3 });
    const completions = try ring.enter(1, harness.deadline_us);
    try testing.expectEqual(1, completions.len);
    try testing.expectEqual(system.errno(.CANCELED), completions[0].result);
    try testing.expectEqual(2, completions[0].generation_operation >> 8);
    try testing.expectEqual(system.errno(.NOENT), try ring.run(.{ .operation = .cancel, .a = 77, .slot = 3 }));
}

test "poll completes once with the events that are ready" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    const pair = try ring.connectPair();
    const either = harness.Command{ .operation = .poll, .descriptor = pair[0], .a = POLLIN | POLLOUT, .slot = 1 };
    try testing.expectEqual(POLLOUT, try ring.run(either));
    ring.queue(.{ .operation = .poll, .descriptor = pair[1], .a = POLLIN, .slot = 2 });
    try ring.expectQuiet();
    try sendText(&ring, pair[0], "x");
    // The send's own turn may have brought it already.
    ring.queue(.{ .operation = .poll, .descriptor = pair[1], .a = POLLIN, .slot = 3 });
    try testing.expectEqual(POLLIN, (try ring.waitFor(3)).result);
}

// One that is armed again would complete at once: io_uring reports POLLRDHUP whether it was asked for or
// not (IO_POLL_UNMASK in io_uring/poll.c), and it stays.
test "a poll until cancelled reports a reset after the end, and the end itself only once" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    const pair = try ring.connectPair();
    ring.queue(.{ .operation = .poll, .descriptor = pair[1], .b = 1, .slot = 2 });
    ring.queue(.{ .operation = .shutdown, .descriptor = pair[0], .a = SHUT_WR });
    const end = try ring.waitFor(2);
    try testing.expectEqual(POLLRDHUP, end.result);
    try testing.expect(end.flags & abi.CompletionFlag.more != 0);
    try ring.expectQuiet();
    ring.queue(.{ .operation = .reset, .descriptor = pair[0] });
    const reset = try ring.waitFor(2);
    try testing.expect(reset.result & POLLHUP != 0);
    ring.queue(.{ .operation = .cancel, .a = 2, .b = @intFromEnum(Operation.poll) });
    try testing.expectEqual(harness.INVAL, try ring.run(.{
        .operation = .poll,
        .descriptor = pair[1],
        .b = 2,
        .slot = 3,
    }));
}

test "two polls of one socket complete and are cancelled apart" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    const pair = try ring.connectPair();
    ring.queue(.{ .operation = .poll, .descriptor = pair[0], .b = 1, .slot = 1 });
    ring.queue(.{ .operation = .poll_writable, .descriptor = pair[0], .a = POLLOUT, .b = 1, .slot = 1 });
    const writable = try ring.waitFor(1);
    try testing.expectEqual(POLLOUT, writable.result);
    try testing.expectEqual(@intFromEnum(Operation.poll_writable), writable.generation_operation & 0xff);
    ring.queue(.{ .operation = .cancel, .a = 1, .b = @intFromEnum(Operation.poll_writable) });
    const cancelled = try ring.waitFor(1);
    try testing.expectEqual(system.errno(.CANCELED), cancelled.result);
    try testing.expectEqual(@intFromEnum(Operation.poll_writable), cancelled.generation_operation & 0xff);
    ring.queue(.{ .operation = .shutdown, .descriptor = pair[1], .a = SHUT_WR });
    const end = try ring.waitFor(1);
    try testing.expectEqual(@intFromEnum(Operation.poll), end.generation_operation & 0xff);
}

test "a send that must not wait takes what the socket takes, and then says so" {
    var ring = try TestRing.open(.{ .write_bytes = 65536 });
    defer ring.close();
    const pair = try ring.connectPair();
    const command = harness.Command{
        .operation = .send,
        .flags = abi.CommandFlag.no_wait,
        .descriptor = pair[0],
        .a = ring.writeOffset(),
        .b = 65536,
        .slot = 1,
    };
    var result = try ring.run(command);
    while (result > 0) result = try ring.run(command);
    try testing.expectEqual(system.errno(.AGAIN), result);
}

test "a multishot receive with a limit ends with the buffer that reaches it" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    if (!ring.has(abi.Feature.multishot_limit)) return error.SkipZigTest;
    try ring.provideAll(4);
    const pair = try ring.connectPair();
    const send = harness.Command{ .operation = .send, .descriptor = pair[0], .a = ring.writeOffset(), .b = 1000 };
    ring.queue(.{ .operation = .receive_multishot, .descriptor = pair[1], .b = 1500, .slot = 1 });
    try testing.expectEqual(1000, try ring.run(send));
    const first = try ring.waitFor(1);
    try testing.expectEqual(1000, first.result);
    try testing.expect(first.flags & abi.CompletionFlag.more != 0);
    try testing.expectEqual(1000, try ring.run(send));
    const last = try ring.waitFor(1);
    try testing.expectEqual(1000, last.result);
    try testing.expectEqual(0, last.flags & abi.CompletionFlag.more);
}

test "a timeout completes when its time is over" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    const before_ms = exports.ringway_now_ms();
    try testing.expectEqual(system.errno(.TIME), try ring.run(.{ .operation = .timeout, .a = 15_000, .slot = 1 }));
    try testing.expect(exports.ringway_now_ms() - before_ms >= 15);
}

test "timeouts that share a turn keep their own lengths" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    for ([_]u32{ 30_000, 10_000, 20_000 }, 0..) |length_us, slot| {
        ring.queue(.{ .operation = .timeout, .a = length_us, .slot = @intCast(slot) });
    }
    var slots: [3]u32 = undefined;
    try ring.collect(&slots);
    try testing.expectEqualSlices(u32, &.{ 1, 2, 0 }, &slots);
}

test "a buffer can't be provided twice, nor one that does not exist, nor one to write from" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    ring.queue(.{ .operation = .provide, .a = 3 });
    try ring.expectQuiet();
    for ([_]u32{ 3, 8, 11, 12, std.math.maxInt(u32) }) |buffer| {
        try testing.expectEqual(harness.INVAL, try ring.run(.{ .operation = .provide, .a = buffer, .slot = 1 }));
    }
    try testing.expectEqual(5, ring.header.refused);
}

test "a buffer that was received into can be provided again" {
    var ring = try TestRing.open(.{ .small_count = 1 });
    defer ring.close();
    const pair = try ring.connectPair();
    for (0..5) |_| {
        try ring.provideAll(1);
        try sendText(&ring, pair[0], "again");
        ring.queue(.{ .operation = .receive, .descriptor = pair[1], .slot = receive_slot });
        try testing.expectEqualStrings("again", received(&ring, try ring.waitFor(receive_slot)));
    }
}

/// Run a wrong command with its continuation: it completes with this errno and counts as refused.
fn expectRefused(ring: *TestRing, errno: i32, command: harness.Command, words: []const u32) !void {
    const refused = ring.header.refused;
    var numbered = command;
    numbered.slot = 4242;
    numbered.generation = 77;
    ring.queueWithWords(numbered, words);
    const completions = try ring.enter(1, harness.deadline_us);
    try testing.expectEqual(1, completions.len);
    try testing.expectEqual(abi.Completion{
        .slot = 4242,
        .generation_operation = 77 << 8 | @as(u32, @intFromEnum(command.operation)),
        .result = errno,
        .flags = 0,
    }, completions[0]);
    try testing.expectEqual(refused + 1, ring.header.refused);
}

test "descriptors that the ring does not own are refused" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    const foreign = system.eventDescriptor();
    defer _ = system.close(foreign);
    const operations = [_]Operation{
        .accept,        .receive_multishot, .receive, .send,  .send_vector,
        .connect,       .shutdown,          .close,   .reset, .poll,
        .poll_writable,
    };
    for ([_]i32{ foreign, 0, -1, std.math.minInt(i32), std.math.maxInt(i32), 1 << 20 }) |descriptor| {
        for (operations) |operation| {
            const command = harness.Command{ .operation = operation, .descriptor = descriptor, .a = 2, .b = 1 };
            try expectRefused(&ring, harness.BADF, command, &.{ 0, 1, 0, 1 });
        }
    }
    try testing.expect(harness.isOpen(foreign));
    try testing.expect(harness.isOpen(0));
}

test "bytes outside the arena are refused" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    const socket = try ring.openSocket();
    const bytes: u32 = @intCast(ring.arena.len);
    const pieces = [_][2]u32{
        .{ 0, 0 },
        .{ bytes, 1 },
        .{ bytes - 1, 2 },
        .{ 0, bytes + 1 },
        .{ std.math.maxInt(u32), 2 },
        .{ 2, std.math.maxInt(u32) },
    };
    for (pieces) |piece| {
        const send = harness.Command{ .operation = .send, .descriptor = socket, .a = piece[0], .b = piece[1] };
        try expectRefused(&ring, harness.INVAL, send, &.{});
        const vector = harness.Command{ .operation = .send_vector, .descriptor = socket, .a = 2 };
        try expectRefused(&ring, harness.INVAL, vector, &.{ 0, 1, piece[0], piece[1] });
    }
}

test "vectors with no pieces, too many or fewer than they claim are refused" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    const socket = try ring.openSocket();
    const words: [40]u32 = @splat(1);
    for ([_]u32{ 0, 17, std.math.maxInt(u32), 1 << 31 }) |count| {
        const command = harness.Command{ .operation = .send_vector, .descriptor = socket, .a = count };
        try expectRefused(&ring, harness.INVAL, command, &words);
    }
    try expectRefused(&ring, harness.INVAL, .{ .operation = .send_vector, .descriptor = socket, .a = 1 }, &.{});
    try expectRefused(&ring, harness.INVAL, .{ .operation = .send_vector, .descriptor = socket, .a = 5 }, words[0..8]);
}

test "addresses of impossible length are refused" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    const socket = try ring.openSocket();
    const words: [40]u32 = @splat(0);
    for ([_]u32{ 0, 1, 113, std.math.maxInt(u32) }) |length| {
        try expectRefused(&ring, harness.INVAL, .{ .operation = .connect, .descriptor = socket, .a = length }, &words);
    }
    try expectRefused(&ring, harness.INVAL, .{ .operation = .connect, .descriptor = socket, .a = 33 }, words[0..8]);
    try expectRefused(&ring, harness.INVAL, .{ .operation = .connect, .descriptor = socket, .a = 16 }, &.{});
}

test "groups that can't be received into and lengths beyond their buffers are refused" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    const socket = try ring.openSocket();
    for ([_]Operation{ .receive, .receive_multishot }) |operation| {
        for ([_]u32{ @intFromEnum(abi.Group.bulk), @intFromEnum(abi.Group.write), 3, std.math.maxInt(u32) }) |group| {
            const command = harness.Command{ .operation = operation, .descriptor = socket, .a = group };
            try expectRefused(&ring, harness.INVAL, command, &.{});
        }
        // A multishot receive's number is a limit for all of it.
        if (operation == .receive_multishot) continue;
        try expectRefused(&ring, harness.INVAL, .{ .operation = operation, .descriptor = socket, .b = 4097 }, &.{});
    }
}

test "a multishot receive that the ring can't do is refused" {
    var ring = try TestRing.open(.{ .disabled_features = abi.Feature.multishot_receive });
    defer ring.close();
    const socket = try ring.openSocket();
    const command = harness.Command{ .operation = .receive_multishot, .descriptor = socket };
    try expectRefused(&ring, system.errno(.OPNOTSUPP), command, &.{});
}

test "unknown operations are refused" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    const first_unknown = @typeInfo(Operation).@"enum".fields.len;
    for ([_]u8{ first_unknown, first_unknown + 1, 100, 255 }) |operation| {
        try expectRefused(&ring, harness.INVAL, .{ .operation = @enumFromInt(operation) }, &.{});
    }
}

test "a command that claims more records than there are is refused with all behind it" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    for ([_]u32{ 2, 3, 1 << 20, std.math.maxInt(u32) }, 1..) |continuation, round| {
        ring.queue(.{ .slot = 1 });
        ring.queue(.{ .slot = 2 });
        ring.queue(.{ .slot = 3 });
        ring.commands[1].continuation = continuation;
        const completions = try ring.enter(1, harness.deadline_us);
        try testing.expectEqual(2, completions.len);
        // The shim's own completions come first.
        try testing.expectEqual(2, completions[0].slot);
        try testing.expectEqual(harness.INVAL, completions[0].result);
        try testing.expectEqual(1, completions[1].slot);
        try testing.expectEqual(round, ring.header.refused);
        try testing.expectEqual(0, ring.header.leftover);
    }
}

/// Random commands. A request that is valid may do what it likes with the ring's own sockets; one that
/// is not has to complete, and nothing may crash or touch a descriptor of somebody else.
const Fuzz = struct {
    random: std.Random,
    ring: TestRing,
    foreign: i32,
    sockets: [4]i32,

    const slots_first = 1000;
    const operation_count = @typeInfo(Operation).@"enum".fields.len;

    fn round(fuzz: *Fuzz) !void {
        const ring = &fuzz.ring;
        for (&fuzz.sockets) |*socket| {
            if (!harness.isOpen(socket.*)) socket.* = try ring.openSocket();
        }
        const count = fuzz.random.intRangeAtMost(u32, 1, @intCast(ring.commands.len));
        for (ring.commands[0..count], 0..) |*command, index| {
            fuzz.fill(command);
            command.slot = slots_first + @as(u32, @intCast(index));
        }
        const refused = ring.header.refused;
        const expected = mustBeRefused(ring.commands[0..count]);
        var seen: [64]bool = @splat(false);
        ring.queued = count;
        var turns: u32 = 0;
        while (ring.queued > 0 or turns == 0) : (turns += 1) {
            if (turns == 1000) return error.Stuck;
            for (try ring.enter(0, 0)) |completion| note(&seen, completion);
        }
        turns = 0;
        while (!containsAll(seen, expected)) : (turns += 1) {
            if (turns == 1000) return error.RefusedCommandDidNotComplete;
            for (try ring.enter(0, 0)) |completion| note(&seen, completion);
        }
        const refusals: u64 = @popCount(expected);
        try testing.expect(ring.header.refused - refused >= refusals);
    }

    fn note(seen: *[64]bool, completion: abi.Completion) void {
        if (completion.slot < slots_first or completion.slot >= slots_first + 64) return;
        if (completion.result < 0) seen[completion.slot - slots_first] = true;
    }

    fn containsAll(seen: [64]bool, expected: u64) bool {
        for (seen, 0..) |is_seen, index| {
            if (!is_seen and expected >> @intCast(index) & 1 != 0) return false;
        }
        return true;
    }

    /// Commands that nothing could make valid: unknown, with nobody's descriptor, or longer than the queue.
    fn mustBeRefused(commands: []const abi.Command) u64 {
        var result: u64 = 0;
        var next: usize = 0;
        while (next < commands.len) {
            const command = commands[next];
            const is_too_long = command.continuation >= commands.len - next;
            const needs_descriptor = switch (@as(Operation, @enumFromInt(@as(u8, @truncate(command.operation))))) {
                .nop, .cancel, .provide, .wake, .timeout, .open_file, .poll_once, .delay => false,
                else => true,
            };
            const is_unknown = @as(u8, @truncate(command.operation)) >= operation_count;
            const is_without_descriptor = needs_descriptor and command.descriptor < 0;
            if (is_too_long or is_unknown or is_without_descriptor) result |= @as(u64, 1) << @intCast(next);
            if (is_too_long) break;
            next += command.continuation + 1;
        }
        return result;
    }

    fn fill(fuzz: *Fuzz, command: *abi.Command) void {
        const random = fuzz.random;
        random.bytes(std.mem.asBytes(command));
        if (random.uintLessThan(u32, 8) > 0) {
            command.operation = command.operation & 0xffff_ff00 | random.uintLessThan(u32, operation_count + 1);
        }
        switch (random.uintLessThan(u32, 8)) {
            0 => {},
            1 => command.descriptor = fuzz.foreign,
            2 => command.descriptor = random.intRangeAtMost(i32, -1, 64),
            else => command.descriptor = fuzz.sockets[random.uintLessThan(usize, fuzz.sockets.len)],
        }
        if (random.uintLessThan(u32, 4) > 0) command.a = random.uintLessThan(u32, 40);
        if (random.uintLessThan(u32, 4) > 0) command.b = random.uintLessThan(u32, 5000);
        if (random.uintLessThan(u32, 4) > 0) command.c = random.uintLessThan(u32, 8192);
        if (random.uintLessThan(u32, 64) > 0) {
            command.continuation = random.uintLessThan(u32, 4) * random.uintLessThan(u32, 2);
        }
    }
};

test "random commands never crash, and those that are refused complete" {
    const seeds = 200;
    for (0..seeds) |seed| {
        var generator = std.Random.DefaultPrng.init(seed);
        const random = generator.random();
        const foreign = system.eventDescriptor();
        defer _ = system.close(foreign);
        var fuzz = Fuzz{
            .random = random,
            .ring = try TestRing.open(.{
                .submission_entries = @as(i32, 1) << random.uintLessThan(u5, 7),
                .completion_entries = @as(i32, 64) << random.uintLessThan(u5, 3),
                .command_capacity = random.intRangeAtMost(i32, 8, 64),
                .completion_capacity = random.intRangeAtMost(i32, 8, 64),
            }),
            .foreign = foreign,
            .sockets = @splat(-1),
        };
        defer fuzz.ring.close();
        // All zeros, so that no path names a file.
        if (random.boolean()) try fuzz.ring.openOperations(random.intRangeAtMost(u32, 1, 8192));
        for (0..10) |round| {
            fuzz.round() catch |failure| {
                std.debug.print("seed {d}, round {d}\n", .{ seed, round });
                return failure;
            };
        }
        try testing.expect(harness.isOpen(foreign));
    }
}
