//! The operations that are no connection's: files, datagrams, polls and delays, each checked and filled in like those
//! in `prepare.zig`. What they read or write lies in memory that stays mapped, so that the kernel may be late.

const std = @import("std");
const abi = @import("abi.zig");
const liburing = @import("liburing.zig");
const prepare = @import("prepare.zig");
const sockets = @import("sockets.zig");
const system = @import("system.zig");
const Ring = @import("ring.zig").Ring;

const Outcome = prepare.Outcome;
const bad_descriptor = prepare.bad_descriptor;
const invalid = prepare.invalid;
const refuse = prepare.refuse;
const entryFor = prepare.entryFor;
const AT_FDCWD: i32 = -100;
const AT_EMPTY_PATH: u32 = 0x1000;
const STATX_BASIC_STATS: u32 = 0x7ff;
const MSG_TRUNC: u32 = 0x20;
const MSG_DONTWAIT: u32 = 0x40;
const MSG_NOSIGNAL: u32 = 0x4000;
const no_path: [1]u8 = .{0};

pub fn openFile(ring: *Ring, request: *const abi.Command) Outcome {
    const path = ring.operationBytes(request.a, request.b) orelse return refuse(ring, request, invalid);
    if (path.len < 2 or path.len > abi.path_bytes or path[path.len - 1] != 0) return refuse(ring, request, invalid);
    const flags = openFlags(request.c) orelse return refuse(ring, request, invalid);
    const words = continuationWords(request, 1) orelse return refuse(ring, request, invalid);
    const entry = entryFor(ring, request, liburing.op.openat) orelse return .full;
    entry.sqe.fd = AT_FDCWD;
    entry.sqe.addr = @intFromPtr(path.ptr);
    entry.sqe.len = words[0] & 0o7777;
    entry.sqe.op_flags = flags;
    return .done;
}

/// The kernel's flags for `abi.OpenFlag` bits.
fn openFlags(bits: u32) ?u32 {
    const Flag = abi.OpenFlag;
    const known = Flag.read | Flag.write | Flag.append | Flag.create | Flag.exclusive | Flag.truncate | Flag.no_follow;
    if (bits & ~known != 0) return null;
    const flags = std.os.linux.O{
        .ACCMODE = switch (bits & (Flag.read | Flag.write)) {
            Flag.read => .RDONLY,
            Flag.write => .WRONLY,
            Flag.read | Flag.write => .RDWR,
            else => return null,
        },
        .APPEND = bits & Flag.append != 0,
        .CREAT = bits & Flag.create != 0,
        .EXCL = bits & Flag.exclusive != 0,
        .TRUNC = bits & Flag.truncate != 0,
        .NOFOLLOW = bits & Flag.no_follow != 0,
        .CLOEXEC = true,
        // A terminal must not become the process' own.
        .NOCTTY = true,
    };
    return @as(u32, @bitCast(flags));
}

/// Read into or write from the memory of operations, at a position of the file.
pub fn transfer(ring: *Ring, request: *const abi.Command, opcode: u8) Outcome {
    if (!ring.descriptors.has(request.descriptor)) return refuse(ring, request, bad_descriptor);
    const bytes = ring.operationBytes(request.a, request.b) orelse return refuse(ring, request, invalid);
    const words = continuationWords(request, 2) orelse return refuse(ring, request, invalid);
    const position = @as(u64, words[1]) << 32 | words[0];
    // All ones would be the descriptor's own position, which other readers of the file move.
    if (bytes.len == 0 or position > std.math.maxInt(i64)) return refuse(ring, request, invalid);
    const entry = entryFor(ring, request, opcode) orelse return .full;
    entry.sqe.off = position;
    entry.sqe.addr = @intFromPtr(bytes.ptr);
    entry.sqe.len = request.b;
    return .done;
}

pub fn syncFile(ring: *Ring, request: *const abi.Command) Outcome {
    if (!ring.descriptors.has(request.descriptor)) return refuse(ring, request, bad_descriptor);
    if (request.a > 1) return refuse(ring, request, invalid);
    const entry = entryFor(ring, request, liburing.op.fsync) orelse return .full;
    if (request.a == 1) entry.sqe.op_flags = liburing.fsync_datasync;
    return .done;
}

pub fn fileStatus(ring: *Ring, request: *const abi.Command) Outcome {
    if (!ring.descriptors.has(request.descriptor)) return refuse(ring, request, bad_descriptor);
    const bytes = ring.operationBytes(request.a, abi.status_bytes) orelse return refuse(ring, request, invalid);
    const entry = entryFor(ring, request, liburing.op.statx) orelse return .full;
    entry.sqe.addr = @intFromPtr(&no_path);
    entry.sqe.off = @intFromPtr(bytes.ptr);
    entry.sqe.len = STATX_BASIC_STATS;
    entry.sqe.op_flags = AT_EMPTY_PATH;
    return .done;
}

pub fn closeFile(ring: *Ring, request: *const abi.Command) Outcome {
    if (!ring.descriptors.has(request.descriptor)) return refuse(ring, request, bad_descriptor);
    _ = entryFor(ring, request, liburing.op.close) orelse return .full;
    ring.descriptors.remove(request.descriptor);
    return .done;
}

pub fn sendDatagram(ring: *Ring, request: *const abi.Command) Outcome {
    if (!ring.descriptors.has(request.descriptor)) return refuse(ring, request, bad_descriptor);
    const bytes = ring.operationBytes(request.a, request.b) orelse return refuse(ring, request, invalid);
    const address = ring.operationBytes(request.c, abi.address_bytes) orelse return refuse(ring, request, invalid);
    const length = sockets.ipLength(sockets.familyOf(address.ptr)) orelse return refuse(ring, request, invalid);
    const entry = entryFor(ring, request, liburing.op.sendmsg) orelse return .full;
    @memcpy(entry.attachment.address[0..length], address[0..length]);
    fillMessage(entry, bytes, @intFromPtr(&entry.attachment.address), length);
    entry.sqe.op_flags = MSG_NOSIGNAL;
    return .done;
}

/// Never waits, so that the kernel is done with the message header, which it writes to as well, when the entry is
/// taken.
pub fn receiveDatagram(ring: *Ring, request: *const abi.Command) Outcome {
    if (!ring.descriptors.has(request.descriptor)) return refuse(ring, request, bad_descriptor);
    const bytes = ring.operationBytes(request.a, request.b) orelse return refuse(ring, request, invalid);
    const address = ring.operationBytes(request.c, abi.address_bytes) orelse return refuse(ring, request, invalid);
    if (bytes.len == 0) return refuse(ring, request, invalid);
    const entry = entryFor(ring, request, liburing.op.recvmsg) orelse return .full;
    // What the kernel leaves as it is, such as the address of a sender without one, is nobody's.
    @memset(address, 0);
    fillMessage(entry, bytes, @intFromPtr(address.ptr), abi.address_bytes);
    entry.sqe.op_flags = MSG_DONTWAIT | MSG_TRUNC;
    return .done;
}

fn fillMessage(entry: Ring.Entry, bytes: []u8, address: usize, address_length: u32) void {
    const attachment = entry.attachment;
    attachment.pieces[0] = .{ .base = @intFromPtr(bytes.ptr), .length = bytes.len };
    attachment.header = .{
        .name = address,
        .name_length = address_length,
        .vectors = @intFromPtr(&attachment.pieces),
        .vector_count = 1,
    };
    entry.sqe.addr = @intFromPtr(&attachment.header);
    entry.sqe.len = 1;
}

/// Looking at a descriptor changes nothing, so it may be one that the ring does not own.
pub fn pollOnce(ring: *Ring, request: *const abi.Command) Outcome {
    const entry = entryFor(ring, request, liburing.op.poll_add) orelse return .full;
    entry.sqe.op_flags = request.a;
    return .done;
}

pub fn delay(ring: *Ring, request: *const abi.Command) Outcome {
    if (request.b >= std.time.ns_per_s) return refuse(ring, request, invalid);
    const entry = entryFor(ring, request, liburing.op.timeout) orelse return .full;
    entry.attachment.timeout = .{ .sec = request.a, .nsec = request.b };
    entry.sqe.fd = -1;
    entry.sqe.addr = @intFromPtr(&entry.attachment.timeout);
    entry.sqe.len = 1;
    return .done;
}

/// The first `count` words of what continues a command.
fn continuationWords(request: *const abi.Command, count: u32) ?[]const u32 {
    if (request.continuation == 0) return null;
    const words: [*]const u32 = @ptrCast(prepare.continuation(request));
    return words[0..count];
}
