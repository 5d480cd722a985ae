//! bench_echo PORT
//!
//! The upstream: does with each connection what its first byte asks for, see request.zig.

const std = @import("std");
const process = @import("process.zig");
const sockets = @import("sockets.zig");
const http_sink = @import("http_sink.zig");
const Request = @import("request.zig").Request;

const Epoll = sockets.Epoll;

pub const main = process.Main(run).main;

const MAXIMUM_DESCRIPTORS = 1 << 17;
const BUFFER_BYTES = 1 << 16;
/// So many buffers of a flood are sent before other connections have their turn.
const FLOOD_BURST = 4;

const Connection = struct {
    request: ?Request = null,
    /// What could not be sent back yet.
    pending: []u8 = &.{},
    pending_start: usize = 0,
    sink: http_sink.HttpSink = .{},
};

var connections: [MAXIMUM_DESCRIPTORS]Connection = undefined;
var buffer: [BUFFER_BYTES]u8 = undefined;
var epoll: Epoll = undefined;

fn run(arguments: process.Arguments, _: process.Environment) void {
    const port = process.numbers(&.{"PORT"}, arguments)[0];
    const listener = sockets.listen(port, .nonblocking);
    epoll = Epoll.open();
    epoll.add(listener, Epoll.IN, 0);
    process.print("ready\n", .{});
    while (true) {
        for (epoll.wait(1000)) |event| {
            if (event.data.ptr == 0) acceptAll(listener) else serve(@intCast(event.data.ptr), event.events);
        }
    }
}

fn acceptAll(listener: i32) void {
    while (sockets.accept(listener)) |descriptor| {
        if (descriptor >= MAXIMUM_DESCRIPTORS) process.fail("more than {d} descriptors", .{MAXIMUM_DESCRIPTORS});
        connections[@intCast(descriptor)] = .{};
        epoll.add(descriptor, Epoll.IN, @intCast(descriptor));
    }
}

fn serve(descriptor: i32, events: u32) void {
    const connection = &connections[@intCast(descriptor)];
    const goes_on = switch (connection.request orelse .echo) {
        .flood => flood(descriptor, events),
        .ignore => events & (Epoll.RDHUP | Epoll.HUP | Epoll.ERR) == 0,
        else => if (connection.pending.len > 0) sendPending(descriptor, connection) else echo(descriptor, connection),
    };
    if (goes_on) return;
    if (connection.pending.len > 0) std.heap.page_allocator.free(connection.pending);
    sockets.close(descriptor);
}

/// False at the connection's end.
fn echo(descriptor: i32, connection: *Connection) bool {
    const received = switch (sockets.receive(descriptor, &buffer)) {
        .bytes => |count| buffer[0..count],
        .would_block => return true,
        .failed => return false,
    };
    if (received.len == 0) return false;
    if (connection.request == null) {
        connection.request = @enumFromInt(received[0]);
        switch (connection.request.?) {
            .flood => {
                epoll.modify(descriptor, Epoll.OUT | Epoll.RDHUP, @intCast(descriptor));
                return true;
            },
            .ignore => {
                epoll.modify(descriptor, Epoll.RDHUP, @intCast(descriptor));
                return true;
            },
            else => {},
        }
    }
    if (connection.request == .post) return answer(descriptor, connection.sink.feed(received));
    const sent = switch (sockets.send(descriptor, received)) {
        .bytes => |count| count,
        .would_block => 0,
        .failed => return false,
    };
    if (sent == received.len) return true;
    const rest = received[sent..];
    connection.pending = std.heap.page_allocator.dupe(u8, rest) catch process.fail("out of memory", .{});
    connection.pending_start = 0;
    epoll.modify(descriptor, Epoll.OUT, @intCast(descriptor));
    return true;
}

/// False if the client is gone.
fn answer(descriptor: i32, requests: usize) bool {
    for (0..requests) |_| {
        switch (sockets.send(descriptor, http_sink.response)) {
            .bytes => |count| if (count < http_sink.response.len) process.fail("an answer did not fit", .{}),
            .would_block => process.fail("a client does not read its answers", .{}),
            .failed => return false,
        }
    }
    return true;
}

fn sendPending(descriptor: i32, connection: *Connection) bool {
    switch (sockets.send(descriptor, connection.pending[connection.pending_start..])) {
        .bytes => |count| connection.pending_start += count,
        .would_block => {},
        .failed => return false,
    }
    if (connection.pending_start == connection.pending.len) {
        std.heap.page_allocator.free(connection.pending);
        connection.pending = &.{};
        epoll.modify(descriptor, Epoll.IN, @intCast(descriptor));
    }
    return true;
}

fn flood(descriptor: i32, events: u32) bool {
    if (events & (Epoll.RDHUP | Epoll.HUP | Epoll.ERR) != 0) return false;
    for (0..FLOOD_BURST) |_| {
        switch (sockets.send(descriptor, &buffer)) {
            .bytes => {},
            .would_block => return true,
            .failed => return false,
        }
    }
    return true;
}
