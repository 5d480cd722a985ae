//! bench_ping_pong PORT CONNECTIONS BYTES SECONDS
//!
//! Sends a message on every connection, then reads it back from every connection, again and again. Prints how
//! many turns that were and how long they took; with one connection, that is the latency.

const std = @import("std");
const process = @import("process.zig");
const sockets = @import("sockets.zig");
const Request = @import("request.zig").Request;

pub const main = process.Main(run).main;

const MAXIMUM_CONNECTIONS = 1024;
/// More would have to be read while it is written.
const MAXIMUM_BYTES = 1 << 16;
/// Later turns are not counted in the percentiles.
const MAXIMUM_TURNS = 1 << 22;

var descriptors: [MAXIMUM_CONNECTIONS]i32 = undefined;
var message: [MAXIMUM_BYTES]u8 = undefined;
var answer: [MAXIMUM_BYTES]u8 = undefined;
var durations_ns: [MAXIMUM_TURNS]u32 = undefined;

fn run(arguments: process.Arguments, _: process.Environment) void {
    const names = .{ "PORT", "CONNECTIONS", "BYTES", "SECONDS" };
    const port, const count, const bytes, const duration_s = process.numbers(&names, arguments);
    if (count == 0 or count > MAXIMUM_CONNECTIONS) process.fail("1 to {d} connections", .{MAXIMUM_CONNECTIONS});
    if (bytes == 0 or bytes > MAXIMUM_BYTES) process.fail("1 to {d} bytes", .{MAXIMUM_BYTES});
    for (message[0..bytes], 0..) |*byte, index| byte.* = @truncate(index *% 31);
    message[0] = @intFromEnum(Request.echo);
    const open = descriptors[0..count];
    for (open, 0..) |*descriptor, index| descriptor.* = sockets.connect(port, index, .blocking);

    const start_ns = process.nowNs();
    const end_ns = start_ns + duration_s * std.time.ns_per_s;
    var now_ns = start_ns;
    var turns: usize = 0;
    while (now_ns < end_ns) : (turns += 1) {
        for (open) |descriptor| sockets.sendAll(descriptor, message[0..bytes]);
        for (open) |descriptor| {
            sockets.receiveAll(descriptor, answer[0..bytes]);
            if (std.mem.eql(u8, answer[0..bytes], message[0..bytes])) continue;
            process.fail("other bytes came back than were sent", .{});
        }
        const after_ns = process.nowNs();
        if (turns < MAXIMUM_TURNS) durations_ns[turns] = std.math.lossyCast(u32, after_ns - now_ns);
        now_ns = after_ns;
    }
    const sorted = durations_ns[0..@min(turns, MAXIMUM_TURNS)];
    std.mem.sortUnstable(u32, sorted, {}, std.sort.asc(u32));
    process.print(
        "{{\"turns\":{d},\"seconds\":{d:.6},\"p50Us\":{d:.3},\"p90Us\":{d:.3},\"p99Us\":{d:.3},\"p999Us\":{d:.3}}}\n",
        .{
            turns,
            process.seconds(now_ns - start_ns),
            percentile(sorted, 500),
            percentile(sorted, 900),
            percentile(sorted, 990),
            percentile(sorted, 999),
        },
    );
}

fn percentile(sorted: []const u32, per_mille: usize) f64 {
    const index = @min(sorted.len * per_mille / 1000, sorted.len - 1);
    return @as(f64, @floatFromInt(sorted[index])) / std.time.ns_per_us;
}
