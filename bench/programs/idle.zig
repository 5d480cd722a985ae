//! bench_idle PORT CONNECTIONS
//!
//! Opens so many connections one after the other, sends and reads back one message on each, prints "open", and
//! holds them until a line comes on standard input (or its end). Then closes them and prints "closed".

const std = @import("std");
const linux = std.os.linux;
const process = @import("process.zig");
const sockets = @import("sockets.zig");
const request = @import("request.zig");

pub const main = process.Main(run).main;

const MAXIMUM_CONNECTIONS = 1 << 16;
const STANDARD_INPUT = 0;

var descriptors: [MAXIMUM_CONNECTIONS]i32 = undefined;

fn run(arguments: process.Arguments, _: process.Environment) void {
    const port, const count = process.numbers(&.{ "PORT", "CONNECTIONS" }, arguments);
    if (count > MAXIMUM_CONNECTIONS) process.fail("up to {d} connections", .{MAXIMUM_CONNECTIONS});
    for (descriptors[0..count], 0..) |*descriptor, index| {
        descriptor.* = sockets.connect(port, index, .blocking);
        exchange(descriptor.*);
    }
    process.print("open\n", .{});
    waitForLine();
    // They were there all the time, not only in the beginning.
    for (descriptors[0..count]) |descriptor| exchange(descriptor);
    for (descriptors[0..count]) |descriptor| sockets.close(descriptor);
    process.print("closed\n", .{});
    waitForLine();
}

fn exchange(descriptor: i32) void {
    var answer: [request.MESSAGE_BYTES]u8 = undefined;
    sockets.sendAll(descriptor, &request.message);
    sockets.receiveAll(descriptor, &answer);
    if (!std.mem.eql(u8, &answer, &request.message)) process.fail("other bytes came back than were sent", .{});
}

fn waitForLine() void {
    var byte: u8 = 0;
    while (byte != '\n') {
        const count = linux.syscall3(.read, STANDARD_INPUT, @intFromPtr(&byte), 1);
        if (process.must("read", count) == 0) return;
    }
}
