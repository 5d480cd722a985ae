//! TCP sockets on the loopback interface. What fails unexpectedly ends the program and says so: a load generator
//! that goes on after errors measures something else than it says.

const std = @import("std");
const linux = std.os.linux;
pub const process = @import("process.zig");

const must = process.must;

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const SOL_IP = 0;
const SOL_SOCKET = 1;
const SOL_TCP = 6;
const SO_REUSEADDR = 2;
const SO_RCVTIMEO = 20;
const TCP_NODELAY = 1;
const IP_BIND_ADDRESS_NO_PORT = 24;

const BACKLOG = 4096;
/// A reply that takes longer is taken for one that never comes.
const REPLY_TIMEOUT_S = 10;

pub const Blocking = enum { blocking, nonblocking };

/// struct sockaddr_in.
pub const Address = extern struct {
    family: u16 = AF_INET,
    port: u16,
    host: [4]u8,
    padding: [8]u8 = @splat(0),

    fn of(host: [4]u8, port: u64) Address {
        return .{ .port = std.mem.nativeToBig(u16, @intCast(port)), .host = host };
    }
};

const LOOPBACK = [4]u8{ 127, 0, 0, 1 };

/// A port of the loopback interface.
pub fn loopback(port: u64) Address {
    return .of(LOOPBACK, port);
}

/// A listener. What it accepts has TCP_NODELAY.
pub fn listen(port: u64, blocking: Blocking) i32 {
    const descriptor = open(blocking);
    setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
    setOption(descriptor, SOL_TCP, TCP_NODELAY, 1);
    bind(descriptor, Address.of(LOOPBACK, port));
    _ = must("listen", linux.syscall2(.listen, word(descriptor), BACKLOG));
    return descriptor;
}

/// A connection that was waiting, if any; it does not block.
pub fn accept(listener: i32) ?i32 {
    const result = linux.syscall4(.accept4, word(listener), 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
    switch (process.errnoOf(result)) {
        0 => {},
        @intFromEnum(linux.E.AGAIN), @intFromEnum(linux.E.CONNABORTED), @intFromEnum(linux.E.INTR) => return null,
        else => |errno| process.failWith("accept4", errno),
    }
    return @intCast(result);
}

/// A blocking socket with TCP_NODELAY that is not connected yet.
pub fn unconnected() i32 {
    const descriptor = open(.blocking);
    setOption(descriptor, SOL_TCP, TCP_NODELAY, 1);
    return descriptor;
}

pub const Direction = enum(u32) { sending = 1, both = 2 };

/// shutdown(2).
pub fn shutdown(descriptor: i32, direction: Direction) void {
    // It may be closed by the peer already.
    _ = linux.syscall2(.shutdown, word(descriptor), @intFromEnum(direction));
}

/// Connect to a port. `source` picks one of many source addresses: a closed connection keeps its pair of
/// addresses and ports for a minute, and one address has only some 28,000 ports.
pub fn connect(port: u64, source: usize, blocking: Blocking) i32 {
    const descriptor = open(blocking);
    setOption(descriptor, SOL_TCP, TCP_NODELAY, 1);
    // Else bind() would take a port of its own before the peer's is known, the same for all peers.
    setOption(descriptor, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    bind(descriptor, Address.of(sourceHost(source), 0));
    if (blocking == .blocking) setReplyTimeout(descriptor);
    const address = Address.of(LOOPBACK, port);
    const result = linux.syscall3(.connect, word(descriptor), @intFromPtr(&address), @sizeOf(Address));
    switch (process.errnoOf(result)) {
        0, @intFromEnum(linux.E.INPROGRESS) => {},
        else => |errno| process.failWith("connect", errno),
    }
    return descriptor;
}

fn sourceHost(source: usize) [4]u8 {
    return .{ 127, 0, 1, @intCast(1 + source % 200) };
}

fn setReplyTimeout(descriptor: i32) void {
    const time = [2]u64{ REPLY_TIMEOUT_S, 0 };
    setOptionBytes(descriptor, SOL_SOCKET, SO_RCVTIMEO, std.mem.asBytes(&time));
}

pub const Transfer = union(enum) {
    /// So many; 0 for a receive means that the peer has ended.
    bytes: usize,
    would_block,
    /// An errno.
    failed: u16,
};

pub fn send(descriptor: i32, bytes: []const u8) Transfer {
    return transfer(linux.syscall6(.sendto, word(descriptor), @intFromPtr(bytes.ptr), bytes.len, MSG_NOSIGNAL, 0, 0));
}

pub fn receive(descriptor: i32, buffer: []u8) Transfer {
    return transfer(linux.syscall6(.recvfrom, word(descriptor), @intFromPtr(buffer.ptr), buffer.len, 0, 0, 0));
}

fn transfer(result: usize) Transfer {
    return switch (process.errnoOf(result)) {
        0 => .{ .bytes = result },
        @intFromEnum(linux.E.AGAIN) => .would_block,
        else => |errno| .{ .failed = errno },
    };
}

/// Send all bytes on a blocking socket.
pub fn sendAll(descriptor: i32, bytes: []const u8) void {
    var sent: usize = 0;
    while (sent < bytes.len) {
        switch (send(descriptor, bytes[sent..])) {
            .bytes => |count| sent += count,
            .would_block => process.fail("send: it would block", .{}),
            .failed => |errno| process.failWith("send", errno),
        }
    }
}

/// Fill the buffer from a blocking socket.
pub fn receiveAll(descriptor: i32, buffer: []u8) void {
    var received: usize = 0;
    while (received < buffer.len) {
        switch (receive(descriptor, buffer[received..])) {
            .bytes => |count| {
                if (count == 0) process.fail("the connection ended after {d} of {d} bytes", .{ received, buffer.len });
                received += count;
            },
            .would_block => process.fail("no reply within {d} s", .{REPLY_TIMEOUT_S}),
            .failed => |errno| process.failWith("receive", errno),
        }
    }
}

pub fn close(descriptor: i32) void {
    _ = must("close", linux.syscall1(.close, word(descriptor)));
}

/// Tells which of many descriptors are ready.
pub const Epoll = struct {
    pub const IN = 0x001;
    pub const OUT = 0x004;
    pub const ERR = 0x008;
    pub const HUP = 0x010;
    pub const RDHUP = 0x2000;
    pub const EDGE: u32 = 1 << 31;

    const Operation = enum(usize) { add = 1, modify = 3 };

    descriptor: i32,
    events: [256]linux.epoll_event = undefined,

    pub fn open() Epoll {
        return .{ .descriptor = @intCast(must("epoll_create1", linux.syscall1(.epoll_create1, 0))) };
    }

    pub fn add(epoll: *const Epoll, descriptor: i32, events: u32, data: usize) void {
        epoll.control(.add, descriptor, events, data);
    }

    pub fn modify(epoll: *const Epoll, descriptor: i32, events: u32, data: usize) void {
        epoll.control(.modify, descriptor, events, data);
    }

    fn control(epoll: *const Epoll, operation: Operation, descriptor: i32, events: u32, data: usize) void {
        var event: linux.epoll_event = .{ .events = events, .data = .{ .ptr = data } };
        const what = @intFromEnum(operation);
        const address = @intFromPtr(&event);
        _ = must("epoll_ctl", linux.syscall4(.epoll_ctl, word(epoll.descriptor), what, word(descriptor), address));
    }

    /// Those that are ready; none after the timeout.
    pub fn wait(epoll: *Epoll, timeout_ms: u32) []const linux.epoll_event {
        const address = @intFromPtr(&epoll.events);
        const count = epoll.events.len;
        const result = linux.syscall6(.epoll_pwait, word(epoll.descriptor), address, count, timeout_ms, 0, 0);
        if (process.errnoOf(result) == @intFromEnum(linux.E.INTR)) return epoll.events[0..0];
        return epoll.events[0..must("epoll_pwait", result)];
    }
};

fn open(blocking: Blocking) i32 {
    const flags: usize = if (blocking == .nonblocking) SOCK_NONBLOCK else 0;
    return @intCast(must("socket", linux.syscall3(.socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0)));
}

fn bind(descriptor: i32, address: Address) void {
    _ = must("bind", linux.syscall3(.bind, word(descriptor), @intFromPtr(&address), @sizeOf(Address)));
}

fn setOption(descriptor: i32, level: usize, name: usize, value: i32) void {
    setOptionBytes(descriptor, level, name, std.mem.asBytes(&value));
}

fn setOptionBytes(descriptor: i32, level: usize, name: usize, value: []const u8) void {
    const address = @intFromPtr(value.ptr);
    _ = must("setsockopt", linux.syscall5(.setsockopt, word(descriptor), level, name, address, value.len));
}

fn word(descriptor: i32) usize {
    return @as(u32, @bitCast(descriptor));
}
