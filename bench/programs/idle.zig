//! bench_idle PORT CONNECTIONS HTTP
//!
//! Opens so many connections one after the other, sends and reads back one message on each, or with HTTP 1 requests
//! an empty file, prints "open", and holds them until a line comes on standard input (or its end). Then does the same
//! on each again, closes them and prints "closed".

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
    const port, const count, const is_http = process.numbers(&.{ "PORT", "CONNECTIONS", "HTTP" }, arguments);
    const exchange: *const fn (i32) void = if (is_http == 0) exchangeMessage else exchangeRequest;
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

fn exchangeMessage(descriptor: i32) void {
    var answer: [request.MESSAGE_BYTES]u8 = undefined;
    sockets.sendAll(descriptor, &request.message);
    sockets.receiveAll(descriptor, &answer);
    if (!std.mem.eql(u8, &answer, &request.message)) process.fail("other bytes came back than were sent", .{});
}

fn exchangeRequest(descriptor: i32) void {
    var answer: [4096]u8 = undefined;
    var length: usize = 0;
    sockets.sendAll(descriptor, request.get_empty);
    while (!std.mem.endsWith(u8, answer[0..length], "\r\n\r\n")) {
        if (length == answer.len) process.fail("more came than the head of an empty response", .{});
        switch (sockets.receive(descriptor, answer[length..])) {
            .bytes => |count| length += if (count > 0) count else process.fail("an idle connection has ended", .{}),
            .would_block => process.fail("no response in time", .{}),
            .failed => |errno| process.failWith("receive", errno),
        }
    }
    if (!std.mem.startsWith(u8, &answer, request.response_ok)) process.fail("a response was not 200", .{});
}

fn waitForLine() void {
    var byte: u8 = 0;
    while (byte != '\n') {
        const count = linux.syscall3(.read, STANDARD_INPUT, @intFromPtr(&byte), 1);
        if (process.must("read", count) == 0) return;
    }
}
