//! bench_churn PORT LOOPS SECONDS
//!
//! So many loops at the same time, each: connect, send 64 bytes, read them back, close. Prints how many
//! connections that were in how many seconds.
//!
//! A close is an ordinary one (FIN): a reset would take another way through a proxy.

const std = @import("std");
const process = @import("process.zig");
const sockets = @import("sockets.zig");
const request = @import("request.zig");

const Epoll = sockets.Epoll;

pub const main = process.Main(run).main;

const MAXIMUM_LOOPS = 4096;
/// Without one finished connection for so long, something has stopped.
const STUCK_NS = 5 * std.time.ns_per_s;

const Loop = struct {
    descriptor: i32 = -1,
    is_sent: bool = false,
    received: usize = 0,
};

var loops: [MAXIMUM_LOOPS]Loop = undefined;
var epoll: Epoll = undefined;
var port: u64 = undefined;
var started: usize = 0;
var finished: u64 = 0;

fn run(arguments: process.Arguments, _: process.Environment) void {
    const values = process.numbers(&.{ "PORT", "LOOPS", "SECONDS" }, arguments);
    port = values[0];
    const count = values[1];
    if (count == 0 or count > MAXIMUM_LOOPS) process.fail("1 to {d} loops", .{MAXIMUM_LOOPS});
    epoll = Epoll.open();
    const start_ns = process.nowNs();
    const end_ns = start_ns + values[2] * std.time.ns_per_s;
    for (0..count) |index| begin(index);
    var now_ns = start_ns;
    var progress_ns = start_ns;
    while (now_ns < end_ns) {
        const before = finished;
        for (epoll.wait(100)) |event| turn(event.data.ptr);
        now_ns = process.nowNs();
        if (finished != before) progress_ns = now_ns;
        if (now_ns - progress_ns <= STUCK_NS) continue;
        process.fail("no connection was finished for {d} s", .{STUCK_NS / std.time.ns_per_s});
    }
    process.print("{{\"connections\":{d},\"seconds\":{d:.6}}}\n", .{ finished, process.seconds(now_ns - start_ns) });
}

fn begin(index: usize) void {
    const descriptor = sockets.connect(port, started, .nonblocking);
    started += 1;
    loops[index] = .{ .descriptor = descriptor };
    epoll.add(descriptor, Epoll.IN | Epoll.OUT | Epoll.EDGE, index);
    trySend(&loops[index]);
}

fn turn(index: usize) void {
    const loop = &loops[index];
    if (!loop.is_sent) trySend(loop);
    if (!loop.is_sent) return;
    var buffer: [request.MESSAGE_BYTES + 1]u8 = undefined;
    switch (sockets.receive(loop.descriptor, &buffer)) {
        .would_block => return,
        .failed => |errno| process.failWith("receive", errno),
        .bytes => |count| {
            if (count == 0) process.fail("a connection ended after {d} bytes", .{loop.received});
            const end = loop.received + count;
            const is_longer = end > request.MESSAGE_BYTES;
            if (is_longer or !std.mem.eql(u8, buffer[0..count], request.message[loop.received..end])) {
                process.fail("other bytes came back than were sent", .{});
            }
            loop.received = end;
        },
    }
    if (loop.received < request.MESSAGE_BYTES) return;
    finished += 1;
    sockets.close(loop.descriptor);
    begin(index);
}

fn trySend(loop: *Loop) void {
    switch (sockets.send(loop.descriptor, &request.message)) {
        .would_block => {},
        .failed => |errno| process.failWith("connect or send", errno),
        .bytes => |count| {
            if (count != request.MESSAGE_BYTES) {
                process.fail("{d} bytes did not fit into an empty socket", .{request.MESSAGE_BYTES});
            }
            loop.is_sent = true;
        },
    }
}
