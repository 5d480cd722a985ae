//! Sockets outside the ring: listeners, options, names.

const std = @import("std");
const abi = @import("abi.zig");
const exports = @import("exports.zig");
const harness = @import("harness.zig");
const system = @import("system.zig");
const Address = harness.Address;
const Listener = harness.Listener;
const TestRing = harness.TestRing;
const linux = std.os.linux;
const testing = std.testing;

test "a socket of the ring is counted, has no delay, and is closed with the ring" {
    var ring = try TestRing.open(.{});
    const descriptor = try ring.openSocket();
    try testing.expectEqual(1, ring.info(.open_descriptors));
    try testing.expectEqual(1, exports.ringway_socket_get(descriptor, @intFromEnum(abi.SocketOption.no_delay)));
    ring.close();
    try testing.expect(!harness.isOpen(descriptor));
}

test "an unknown address family opens no socket" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    try testing.expectEqual(system.errno(.AFNOSUPPORT), exports.ringway_socket_open(ring.handle, 9999));
    try testing.expectEqual(0, ring.info(.open_descriptors));
}

test "each socket option can be set and read" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    const descriptor = try ring.openSocket();
    inline for (@typeInfo(abi.SocketOption).@"enum".fields) |field| {
        const option: abi.SocketOption = @enumFromInt(field.value);
        const is_buffer = option == .receive_buffer or option == .send_buffer;
        const value: i32 = if (is_buffer) 16384 else 1;
        const expected_set: i32 = if (option == .failure) system.errno(.NOPROTOOPT) else 0;
        try testing.expectEqual(expected_set, exports.ringway_socket_set(descriptor, field.value, value));
        // The kernel doubles the size of buffers for its own bookkeeping (socket(7)).
        const expected: i32 = if (option == .failure) 0 else if (is_buffer) 2 * value else value;
        try testing.expectEqual(expected, exports.ringway_socket_get(descriptor, field.value));
    }
}

test "unknown options and bad descriptors are refused" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    const descriptor = try ring.openSocket();
    for ([_]u32{ @typeInfo(abi.SocketOption).@"enum".fields.len, std.math.maxInt(u32) }) |option| {
        try testing.expectEqual(harness.INVAL, exports.ringway_socket_set(descriptor, option, 1));
        try testing.expectEqual(harness.INVAL, exports.ringway_socket_get(descriptor, option));
    }
    try testing.expectEqual(harness.BADF, exports.ringway_socket_set(-1, 0, 1));
    try testing.expectEqual(harness.BADF, exports.ringway_socket_get(-1, 0));
    var name: [16]u8 = undefined;
    try testing.expectEqual(harness.BADF, exports.ringway_socket_name(-1, 0, &name, name.len));
    try testing.expectEqual(harness.INVAL, exports.ringway_socket_name(descriptor, 0, null, 16));
}

test "a name is cut to the memory that it gets" {
    var listener = try Listener.open();
    defer listener.close();
    var name: [16]u8 = @splat(0xaa);
    try testing.expectEqual(4, exports.ringway_socket_name(listener.descriptor, 0, &name, 4));
    try testing.expectEqualSlices(u8, listener.address.bytes[0..4], name[0..4]);
    try testing.expectEqual(0xaa, name[4]);
    const peer_length = exports.ringway_socket_name(listener.descriptor, 1, &name, name.len);
    try testing.expectEqual(system.errno(.NOTCONN), peer_length);
}

test "listeners share a port only if both ask for it" {
    var first = try listen(Address.loopback(0), abi.ListenFlag.reuse_port);
    defer first.close();
    var second = try listen(first.address, abi.ListenFlag.reuse_port);
    defer second.close();
    try testing.expectEqual(system.errno(.ADDRINUSE), listenFailure(first.address, 0));
    var alone = try Listener.open();
    defer alone.close();
    try testing.expectEqual(system.errno(.ADDRINUSE), listenFailure(alone.address, abi.ListenFlag.reuse_port));
}

fn listen(address: Address, flags: u32) !Listener {
    const descriptor = exports.ringway_socket_listen(&address.bytes, address.length, 16, flags);
    try testing.expect(descriptor >= 0);
    return .{ .descriptor = descriptor, .address = try Address.ofSocket(descriptor, false) };
}

fn listenFailure(address: Address, flags: u32) i32 {
    return exports.ringway_socket_listen(&address.bytes, address.length, 16, flags);
}

test "a probe tells whether an address is free and keeps nothing open" {
    var listener = try Listener.open();
    const free = system.eventDescriptor();
    _ = system.close(free);
    try testing.expectEqual(system.errno(.ADDRINUSE), listenFailure(listener.address, abi.ListenFlag.probe));
    try testing.expectEqual(0, listenFailure(Address.loopback(0), abi.ListenFlag.probe));
    const still_free = system.eventDescriptor();
    defer _ = system.close(still_free);
    try testing.expectEqual(free, still_free);
    listener.close();
}

test "addresses of impossible length and family are refused" {
    const address = Address.loopback(0);
    for ([_]u32{ 0, 1, abi.address_bytes + 1, std.math.maxInt(u32) }) |length| {
        try testing.expectEqual(harness.INVAL, exports.ringway_socket_listen(&address.bytes, length, 1, 0));
    }
    try testing.expectEqual(harness.INVAL, exports.ringway_socket_listen(null, 16, 1, 0));
    var unknown = address;
    unknown.bytes[0] = 0xff;
    try testing.expectEqual(system.errno(.AFNOSUPPORT), listenFailure(unknown, 0));
}

test "an address in the abstract Unix namespace is listened on" {
    var address = Address{ .length = 2 + 1 + 20 };
    std.mem.writeInt(u16, address.bytes[0..2], linux.AF.UNIX, .little);
    // Unique to this process.
    const number: u32 = @intCast(system.threadNumber());
    _ = std.fmt.bufPrint(address.bytes[3..23], "ringway{d:0>13}", .{number}) catch unreachable;
    var listener = try listen(address, 0);
    defer listener.close();
    try testing.expectEqual(system.errno(.ADDRINUSE), listenFailure(address, 0));
}

test "a listener that is held back takes no new connections, and keeps those that it has" {
    var busy = try Listener.open();
    defer busy.close();
    const early = try beginConnect(busy.address);
    defer _ = system.close(early);
    try testing.expectEqual(1, system.waitReadable(busy.descriptor, 5000));
    try testing.expectEqual(0, exports.ringway_socket_hold_back(busy.descriptor));
    try testing.expectEqual(1, system.waitReadable(busy.descriptor, 0));

    var idle = try Listener.open();
    defer idle.close();
    try testing.expectEqual(0, exports.ringway_socket_hold_back(idle.descriptor));
    const late = try beginConnect(idle.address);
    defer _ = system.close(late);
    try testing.expectEqual(0, system.waitReadable(idle.descriptor, 100));
    try testing.expectEqual(harness.BADF, exports.ringway_socket_hold_back(late));
}

/// A socket whose handshake has begun, and may be over.
fn beginConnect(address: Address) !i32 {
    const descriptor = system.socket(linux.AF.INET, linux.SOCK.STREAM | linux.SOCK.NONBLOCK | linux.SOCK.CLOEXEC);
    try testing.expect(descriptor >= 0);
    const connected = system.connect(descriptor, &address.bytes, address.length);
    try testing.expect(connected == 0 or connected == system.errno(.INPROGRESS));
    return descriptor;
}

test "only listeners are closed by number" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    const descriptor = try ring.openSocket();
    const event = system.eventDescriptor();
    defer _ = system.close(event);
    for ([_]i32{ descriptor, event, 0, -1 }) |number| {
        try testing.expectEqual(harness.BADF, exports.ringway_socket_close(number));
    }
    for ([_]i32{ descriptor, event, 0 }) |number| try testing.expect(harness.isOpen(number));
    var listener = try Listener.open();
    listener.close();
    try testing.expect(!harness.isOpen(listener.descriptor));
}

test "the limit of descriptors is raised no further than wanted and never lowered" {
    const now = exports.ringway_raise_descriptor_limit(0);
    try testing.expect(now > 0);
    try testing.expectEqual(now, exports.ringway_raise_descriptor_limit(1));
    try testing.expect(exports.ringway_raise_descriptor_limit(std.math.maxInt(u32)) >= now);
}

test "the file of a unix socket is removed when nobody listens on it" {
    var address = Address{ .length = undefined };
    std.mem.writeInt(u16, address.bytes[0..2], linux.AF.UNIX, .little);
    const number: u32 = @intCast(system.threadNumber());
    const path = std.fmt.bufPrint(address.bytes[2..], "/tmp/ringway-{d}.sock\x00", .{number}) catch unreachable;
    address.length = @intCast(2 + path.len);
    var listener = try listen(address, 0);
    // Somebody listens.
    try testing.expectEqual(0, exports.ringway_socket_remove_file(&address.bytes, address.length, 1));
    listener.close();
    try testing.expectEqual(1, exports.ringway_socket_remove_file(&address.bytes, address.length, 1));
    // There is no file any more.
    try testing.expectEqual(0, exports.ringway_socket_remove_file(&address.bytes, address.length, 1));
    try testing.expectEqual(0, exports.ringway_socket_remove_file(&address.bytes, address.length, 0));
}
