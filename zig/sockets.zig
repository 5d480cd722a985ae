//! Sockets outside the ring's own operations: made, bound, asked and set by plain system calls, as
//! they are rare or must happen in order with the caller's next step.

const abi = @import("abi.zig");
const system = @import("system.zig");
const Ring = @import("ring.zig").Ring;

const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
const SOCK_STREAM_CLOEXEC: u32 = 1 | 0o2000000;
const SOCK_DGRAM_CLOEXEC: u32 = 2 | 0o2000000;
const SOCK_NONBLOCK: u32 = 0o4000;
const SOL_SOCKET: u32 = 1;
const IPPROTO_TCP: u32 = 6;
const IPPROTO_IPV6: u32 = 41;
const SO_REUSEADDR: u32 = 2;
const SO_ERROR: u32 = 4;
const SO_LINGER: u32 = 13;
const SO_REUSEPORT: u32 = 15;
const SO_ATTACH_FILTER: u32 = 26;
const SO_ACCEPTCONN: u32 = 30;
const TCP_NODELAY: u32 = 1;
const IPV6_V6ONLY: u32 = 26;

const Linger = extern struct { on: i32, seconds: i32 };

/// A stream socket that belongs to the ring, ready to connect, without Nagle's delay. Its descriptor or a
/// negative errno.
pub fn open(ring: *Ring, family: u32) i32 {
    const descriptor = system.socket(family, SOCK_STREAM_CLOEXEC);
    if (descriptor < 0) return descriptor;
    if (!ring.descriptors.add(descriptor)) {
        _ = system.close(descriptor);
        return system.errno(.MFILE);
    }
    if (family == AF_INET or family == AF_INET6) _ = setFlag(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    return descriptor;
}

/// A datagram socket that belongs to the ring, bound to an address. Its descriptor or a negative errno.
pub fn openDatagram(ring: *Ring, address: [*]const u8, length: u32, flags: u32) i32 {
    if (length < 2 or length > abi.address_bytes) return system.errno(.INVAL);
    if (flags & ~(abi.ListenFlag.reuse_port | abi.ListenFlag.ipv6_only) != 0) return system.errno(.INVAL);
    const family = familyOf(address);
    if (ipLength(family) == null) return system.errno(.AFNOSUPPORT);
    const descriptor = system.socket(family, SOCK_DGRAM_CLOEXEC);
    if (descriptor < 0) return descriptor;
    const failure = bindDatagram(descriptor, family, address, length, flags);
    if (failure == 0 and ring.descriptors.add(descriptor)) return descriptor;
    _ = system.close(descriptor);
    return if (failure == 0) system.errno(.MFILE) else failure;
}

fn bindDatagram(descriptor: i32, family: u16, address: [*]const u8, length: u32, flags: u32) i32 {
    if (flags & abi.ListenFlag.reuse_port != 0) {
        const done = setFlag(descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
        if (done < 0) return done;
    }
    if (family == AF_INET6) {
        const is_alone = flags & abi.ListenFlag.ipv6_only != 0;
        const done = setFlag(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, @intFromBool(is_alone));
        if (done < 0) return done;
    }
    return system.bind(descriptor, address, length);
}

/// sa_family of a struct sockaddr.
pub fn familyOf(address: [*]const u8) u16 {
    return @as(u16, address[0]) | @as(u16, address[1]) << 8;
}

/// The length of an address of the Internet protocols: that of struct sockaddr_in or sockaddr_in6.
pub fn ipLength(family: u16) ?u32 {
    return switch (family) {
        AF_INET => 16,
        AF_INET6 => 28,
        else => null,
    };
}

/// Bind and listen. The descriptor belongs to the process, not to a ring, so that it outlives a worker.
pub fn listen(address: [*]const u8, length: u32, backlog: u32, flags: u32) i32 {
    if (length < 2 or length > abi.address_bytes) return system.errno(.INVAL);
    const family = familyOf(address);
    const descriptor = system.socket(family, SOCK_STREAM_CLOEXEC);
    if (descriptor < 0) return descriptor;
    const failure = prepareListener(descriptor, family, address, length, backlog, flags);
    if (failure < 0 or flags & abi.ListenFlag.probe != 0) {
        _ = system.close(descriptor);
        return failure;
    }
    return descriptor;
}

fn prepareListener(descriptor: i32, family: u16, address: [*]const u8, length: u32, backlog: u32, flags: u32) i32 {
    if (family == AF_INET or family == AF_INET6) {
        var done = setFlag(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
        if (done < 0) return done;
        if (flags & abi.ListenFlag.reuse_port != 0) {
            done = setFlag(descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
            if (done < 0) return done;
        }
        // Accepted sockets inherit it, which saves a system call for each.
        done = setFlag(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
        if (done < 0) return done;
        if (family == AF_INET6) {
            done = setFlag(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, @intFromBool(flags & abi.ListenFlag.ipv6_only != 0));
            if (done < 0) return done;
        }
    }
    const bound = system.bind(descriptor, address, length);
    if (bound < 0 or flags & abi.ListenFlag.probe != 0) return bound;
    return system.listen(descriptor, backlog);
}

/// Remove the file of a unix socket. With `only_stale`, only if nobody listens on it: then it is left
/// from a process that was killed, and in the way of the next one. Nothing else than a socket is ever removed.
/// 1 if it was removed, 0 if not.
pub fn removeFile(address: [*]const u8, length: u32, only_stale: bool) i32 {
    const path_offset = 2;
    if (length <= path_offset + 1 or length > abi.address_bytes) return system.errno(.INVAL);
    const family = familyOf(address);
    const is_path = address[path_offset] != 0 and address[length - 1] == 0;
    if (family != AF_UNIX or !is_path) return 0;
    // Connecting to any other file is refused too.
    if (!system.isSocketFile(@ptrCast(address + path_offset))) return 0;
    if (only_stale) {
        const descriptor = system.socket(AF_UNIX, SOCK_STREAM_CLOEXEC | SOCK_NONBLOCK);
        if (descriptor < 0) return descriptor;
        defer _ = system.close(descriptor);
        if (system.connect(descriptor, address, length) != system.errno(.CONNREFUSED)) return 0;
    }
    const removed = system.unlink(@ptrCast(address + path_offset));
    return if (removed < 0) removed else 1;
}

const SockFilter = extern struct { code: u16, if_true: u8, if_false: u8, k: u32 };
const SockProgram = extern struct { length: u16, filter: [*]const SockFilter };

/// Classic BPF (Documentation/networking/filter.rst) that drops the first segment of a handshake, and nothing else:
/// connections that a listener accepts inherit it. What it sees begins with the TCP header.
const no_new_handshakes = [_]SockFilter{
    // A = the byte with the flags.
    .{ .code = 0x30, .if_true = 0, .if_false = 0, .k = 13 },
    // A &= SYN | ACK
    .{ .code = 0x54, .if_true = 0, .if_false = 0, .k = 0x12 },
    // SYN alone?
    .{ .code = 0x15, .if_true = 0, .if_false = 1, .k = 0x02 },
    // return none of it
    .{ .code = 0x06, .if_true = 0, .if_false = 0, .k = 0 },
    // return all of it
    .{ .code = 0x06, .if_true = 0, .if_false = 0, .k = 0xffff_ffff },
};

/// Take no new connections: the handshakes that have begun go on, and those who begin one get no answer. Their kernel
/// tries again a second later, with whatever listens then.
pub fn holdBack(descriptor: i32) i32 {
    const program = SockProgram{ .length = no_new_handshakes.len, .filter = &no_new_handshakes };
    return system.setOption(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, @sizeOf(SockProgram));
}

pub fn isListener(descriptor: i32) bool {
    var value: i32 = 0;
    var length: u32 = 4;
    return system.getOption(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 and value == 1;
}

/// Closing will send a reset and drop what is queued (socket(7), SO_LINGER).
pub fn resetOnClose(descriptor: i32) void {
    const linger = Linger{ .on = 1, .seconds = 0 };
    _ = system.setOption(descriptor, SOL_SOCKET, SO_LINGER, &linger, @sizeOf(Linger));
}

const Name = struct { level: u32, name: u32 };

fn optionName(which: u32) ?Name {
    const option: abi.SocketOption = switch (which) {
        0...@typeInfo(abi.SocketOption).@"enum".fields.len - 1 => @enumFromInt(which),
        else => return null,
    };
    return switch (option) {
        .no_delay => .{ .level = IPPROTO_TCP, .name = TCP_NODELAY },
        .keep_alive => .{ .level = SOL_SOCKET, .name = 9 },
        .receive_buffer => .{ .level = SOL_SOCKET, .name = 8 },
        .send_buffer => .{ .level = SOL_SOCKET, .name = 7 },
        .failure => .{ .level = SOL_SOCKET, .name = SO_ERROR },
        .keep_alive_idle_s => .{ .level = IPPROTO_TCP, .name = 4 },
        .keep_alive_interval_s => .{ .level = IPPROTO_TCP, .name = 5 },
        .keep_alive_probes => .{ .level = IPPROTO_TCP, .name = 6 },
        .user_timeout_ms => .{ .level = IPPROTO_TCP, .name = 18 },
        .incoming_cpu => .{ .level = SOL_SOCKET, .name = 49 },
    };
}

pub fn set(descriptor: i32, which: u32, value: i32) i32 {
    const option = optionName(which) orelse return system.errno(.INVAL);
    return setFlag(descriptor, option.level, option.name, value);
}

/// The option's value, or a negative errno.
pub fn get(descriptor: i32, which: u32) i32 {
    const option = optionName(which) orelse return system.errno(.INVAL);
    var value: i32 = 0;
    var length: u32 = 4;
    const done = system.getOption(descriptor, option.level, option.name, &value, &length);
    return if (done < 0) done else @max(value, 0);
}

/// The length of the address that was written to `address`, or a negative errno.
pub fn name(descriptor: i32, peer: bool, address: [*]u8, capacity: u32) i32 {
    var length: u32 = capacity;
    const ask = if (peer) &system.peerName else &system.localName;
    const done = ask(descriptor, address, &length);
    return if (done < 0) done else @intCast(@min(length, capacity));
}

fn setFlag(descriptor: i32, level: u32, option: u32, value: i32) i32 {
    return system.setOption(descriptor, level, option, &value, 4);
}
