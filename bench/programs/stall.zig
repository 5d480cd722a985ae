//! bench_stall PORT DOWNLOADS UPLOADS SECONDS HTTP
//!
//! Opens so many connections on which the upstream sends as much as it can and nothing is read here, and so many
//! on which as much as possible is sent from here and the upstream reads nothing. With HTTP 1, a download is a file
//! of 1 GiB. Prints "stalled" at once; after the time, how much was sent, and whether the connections were still there.

const std = @import("std");
const process = @import("process.zig");
const sockets = @import("sockets.zig");
const request = @import("request.zig");

const Epoll = sockets.Epoll;
const Poll = process.Poll;

pub const main = process.Main(run).main;

const MAXIMUM_CONNECTIONS = 1024;

var descriptors: [2 * MAXIMUM_CONNECTIONS]i32 = undefined;
var chunk: [1 << 16]u8 = undefined;

fn run(arguments: process.Arguments, _: process.Environment) void {
    const port, const downloads, const uploads, const duration_s, const is_http =
        process.numbers(&.{ "PORT", "DOWNLOADS", "UPLOADS", "SECONDS", "HTTP" }, arguments);
    if (is_http != 0 and uploads > 0) process.fail("with HTTP there are only downloads", .{});
    if (@max(downloads, uploads) > MAXIMUM_CONNECTIONS) process.fail("up to {d} connections", .{MAXIMUM_CONNECTIONS});
    const downloading = descriptors[0..downloads];
    const uploading = descriptors[downloads..][0..uploads];
    var epoll = Epoll.open();
    for (downloading, 0..) |*descriptor, index| {
        descriptor.* = sockets.connect(port, index, .nonblocking);
        ask(descriptor.*, if (is_http == 0) &firstByte(.flood) else request.get_large);
    }
    for (uploading, 0..) |*descriptor, index| {
        descriptor.* = sockets.connect(port, index, .nonblocking);
        ask(descriptor.*, &firstByte(.ignore));
        epoll.add(descriptor.*, Epoll.OUT, index);
    }
    process.print("stalled\n", .{});

    const end_ns = process.nowNs() + duration_s * std.time.ns_per_s;
    var uploaded: u64 = 0;
    while (process.nowNs() < end_ns) {
        for (epoll.wait(50)) |event| {
            switch (sockets.send(uploading[event.data.ptr], &chunk)) {
                .bytes => |count| uploaded += count,
                .would_block => {},
                .failed => |errno| process.failWith("send", errno),
            }
        }
    }
    for (descriptors[0 .. downloads + uploads]) |descriptor| checkOpen(descriptor);
    const expected = if (is_http == 0) "" else request.response_ok;
    const downloaded = drain(downloading, expected);
    process.print("{{\"downloadedBytes\":{d},\"uploadedBytes\":{d}}}\n", .{ downloaded, uploaded });
}

fn firstByte(wanted: request.Request) [1]u8 {
    return .{@intFromEnum(wanted)};
}

fn ask(descriptor: i32, question: []const u8) void {
    var poll = [_]Poll{.{ .descriptor = descriptor, .wanted = Poll.OUT }};
    if (process.poll(&poll, 10_000) == 0) process.fail("not connected within 10 s", .{});
    switch (sockets.send(descriptor, question)) {
        .bytes => |count| if (count < question.len) process.fail("a request did not fit into an empty socket", .{}),
        .would_block => process.fail("nothing fits into an empty socket", .{}),
        .failed => |errno| process.failWith("connect", errno),
    }
}

/// A proxy that gives up on stalled connections holds no memory for them.
fn checkOpen(descriptor: i32) void {
    var poll = [_]Poll{.{ .descriptor = descriptor, .wanted = Poll.RDHUP }};
    _ = process.poll(&poll, 0);
    if (poll[0].ready != 0) process.fail("a stalled connection was closed", .{});
}

/// How much waits to be read now, on connections that begin as expected.
fn drain(open: []const i32, expected: []const u8) u64 {
    var total: u64 = 0;
    for (open) |descriptor| {
        var received: u64 = 0;
        // The upstream goes on sending: what fits into a socket at once is enough.
        while (received < 1 << 20) {
            switch (sockets.receive(descriptor, &chunk)) {
                .bytes => |count| {
                    if (count == 0) process.fail("a stalled download ended", .{});
                    const is_good = received > 0 or std.mem.startsWith(u8, chunk[0..count], expected);
                    if (!is_good) process.fail("a download began with other bytes", .{});
                    received += count;
                },
                .would_block => break,
                .failed => |errno| process.failWith("receive", errno),
            }
        }
        if (received == 0) process.fail("nothing came on a download", .{});
        total += received;
    }
    return total;
}
