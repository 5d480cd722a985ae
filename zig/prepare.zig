//! One function per operation: check what TypeScript asked for, fill in a submission queue entry. Those that are no
//! connection's are in `prepare_operation.zig`.

const std = @import("std");
const abi = @import("abi.zig");
const liburing = @import("liburing.zig");
const operations = @import("prepare_operation.zig");
const sockets = @import("sockets.zig");
const system = @import("system.zig");
const Ring = @import("ring.zig").Ring;

pub const Outcome = enum {
    /// The command is dealt with: submitted, or completed at once.
    done,
    /// No room in the submission queue; nothing has changed.
    full,
};

pub const bad_descriptor = system.errno(.BADF);
pub const invalid = system.errno(.INVAL);
const MSG_DONTWAIT: u32 = 0x40;
const MSG_WAITALL: u32 = 0x100;
const MSG_NOSIGNAL: u32 = 0x4000;
const MSG_MORE: u32 = 0x8000;
const SOCK_CLOEXEC: u32 = 0o2000000;

pub fn command(ring: *Ring, request: *abi.Command) Outcome {
    const operation: abi.Operation = @enumFromInt(@as(u8, @truncate(request.operation)));
    return switch (operation) {
        .nop => plain(ring, request, liburing.op.nop),
        .accept => accept(ring, request),
        .receive_multishot, .receive => receive(ring, request, operation == .receive_multishot),
        .send => send(ring, request),
        .send_vector => sendVector(ring, request),
        .connect => connect(ring, request),
        .shutdown => shutdown(ring, request),
        .close, .reset => close(ring, request, operation == .reset),
        .cancel => cancel(ring, request),
        .poll, .poll_writable => poll(ring, request),
        .provide => provide(ring, request),
        .wake => wake(ring, request),
        .timeout => timeout(ring, request),
        .open_file => operations.openFile(ring, request),
        .read_file => operations.transfer(ring, request, liburing.op.read),
        .write_file => operations.transfer(ring, request, liburing.op.write),
        .sync_file => operations.syncFile(ring, request),
        .file_status => operations.fileStatus(ring, request),
        .close_file => operations.closeFile(ring, request),
        .send_datagram => operations.sendDatagram(ring, request),
        .receive_datagram => operations.receiveDatagram(ring, request),
        .poll_once => operations.pollOnce(ring, request),
        .delay => operations.delay(ring, request),
        _ => refuse(ring, request, invalid),
    };
}

pub fn refuse(ring: *Ring, request: *const abi.Command, value: i32) Outcome {
    ring.refuse(request, value);
    return .done;
}

/// Take an entry and fill in what all operations have in common.
pub fn entryFor(ring: *Ring, request: *const abi.Command, opcode: u8) ?Ring.Entry {
    const entry = ring.nextEntry() orelse return null;
    entry.sqe.opcode = opcode;
    entry.sqe.fd = request.descriptor;
    entry.sqe.user_data = userData(request.slot, (request.generation & ~@as(u32, 0xff)) | (request.operation & 0xff));
    return entry;
}

fn userData(slot: u32, generation_operation: u32) u64 {
    return @as(u64, generation_operation) << 32 | slot;
}

fn plain(ring: *Ring, request: *const abi.Command, opcode: u8) Outcome {
    const entry = entryFor(ring, request, opcode) orelse return .full;
    entry.sqe.fd = -1;
    return .done;
}

fn accept(ring: *Ring, request: *const abi.Command) Outcome {
    const is_allowed = ring.descriptors.has(request.descriptor) or sockets.isListener(request.descriptor);
    if (!is_allowed) return refuse(ring, request, bad_descriptor);
    if (request.a > 1) return refuse(ring, request, invalid);
    const entry = entryFor(ring, request, liburing.op.accept) orelse return .full;
    // The accepted socket stays blocking: io_uring polls by itself, and a non-blocking one would
    // complete with EAGAIN instead (io_uring_enter(2)).
    entry.sqe.op_flags = SOCK_CLOEXEC;
    const multishot = request.a == 0 and ring.features & abi.Feature.multishot_accept != 0;
    if (multishot) entry.sqe.ioprio = liburing.ioprio.accept_multishot;
    return .done;
}

fn receive(ring: *Ring, request: *const abi.Command, multishot: bool) Outcome {
    if (!ring.descriptors.has(request.descriptor)) return refuse(ring, request, bad_descriptor);
    if (request.a > @intFromEnum(abi.Group.bulk)) return refuse(ring, request, invalid);
    const group = &ring.buffers.groups[request.a];
    if (group.count == 0 or (!multishot and request.b > group.bytes)) return refuse(ring, request, invalid);
    if (multishot and ring.features & abi.Feature.multishot_receive == 0) {
        return refuse(ring, request, system.errno(.OPNOTSUPP));
    }
    const entry = entryFor(ring, request, liburing.op.recv) orelse return .full;
    entry.sqe.flags = liburing.sqe_flag.buffer_select;
    entry.sqe.buf_group = @intCast(request.a);
    if (multishot) {
        entry.sqe.ioprio |= liburing.ioprio.recv_multishot;
        // The field's name for a receive is optlen.
        if (ring.features & abi.Feature.multishot_limit != 0) entry.sqe.file_index = request.b;
    } else {
        entry.sqe.len = request.b;
    }
    if (request.operation & abi.CommandFlag.poll_first != 0 and ring.features & abi.Feature.poll_first != 0) {
        entry.sqe.ioprio |= liburing.ioprio.recvsend_poll_first;
    }
    return .done;
}

fn sendFlags(request: *const abi.Command) u32 {
    // WAITALL: the kernel goes on after a short send by itself (Linux 5.19), one completion instead of many.
    const more = if (request.operation & abi.CommandFlag.more != 0) MSG_MORE else 0;
    const wait = if (request.operation & abi.CommandFlag.no_wait != 0) MSG_DONTWAIT else MSG_WAITALL;
    return MSG_NOSIGNAL | wait | more;
}

fn send(ring: *Ring, request: *const abi.Command) Outcome {
    if (!ring.descriptors.has(request.descriptor)) return refuse(ring, request, bad_descriptor);
    if (request.b == 0 or !ring.buffers.contains(request.a, request.b)) return refuse(ring, request, invalid);
    const entry = entryFor(ring, request, liburing.op.send) orelse return .full;
    entry.sqe.addr = @intFromPtr(ring.buffers.arena) + request.a;
    entry.sqe.len = request.b;
    entry.sqe.op_flags = sendFlags(request);
    return .done;
}

fn sendVector(ring: *Ring, request: *const abi.Command) Outcome {
    if (!ring.descriptors.has(request.descriptor)) return refuse(ring, request, bad_descriptor);
    const count = request.a;
    const words: [*]const u32 = @ptrCast(continuation(request));
    if (count == 0 or count > abi.vector_pieces) return refuse(ring, request, invalid);
    if (count * 2 > request.continuation * abi.command_words) return refuse(ring, request, invalid);
    for (0..count) |piece| {
        const length = words[piece * 2 + 1];
        if (length == 0 or !ring.buffers.contains(words[piece * 2], length)) return refuse(ring, request, invalid);
    }
    const entry = entryFor(ring, request, liburing.op.sendmsg) orelse return .full;
    for (0..count) |piece| {
        entry.attachment.pieces[piece] = .{
            .base = @intFromPtr(ring.buffers.arena) + words[piece * 2],
            .length = words[piece * 2 + 1],
        };
    }
    entry.attachment.header = .{ .vectors = @intFromPtr(&entry.attachment.pieces), .vector_count = count };
    entry.sqe.addr = @intFromPtr(&entry.attachment.header);
    entry.sqe.len = 1;
    entry.sqe.op_flags = sendFlags(request);
    return .done;
}

fn connect(ring: *Ring, request: *const abi.Command) Outcome {
    if (!ring.descriptors.has(request.descriptor)) return refuse(ring, request, bad_descriptor);
    const length = request.a;
    if (length < 2 or length > abi.address_bytes) return refuse(ring, request, invalid);
    if (length > request.continuation * @sizeOf(abi.Command)) return refuse(ring, request, invalid);
    const entry = entryFor(ring, request, liburing.op.connect) orelse return .full;
    const address: [*]const u8 = @ptrCast(continuation(request));
    @memcpy(entry.attachment.address[0..length], address[0..length]);
    entry.sqe.addr = @intFromPtr(&entry.attachment.address);
    entry.sqe.off = length;
    return .done;
}

/// io_uring always hands shutdown to a helper thread (REQ_F_FORCE_ASYNC in io_uring/net.c); the
/// system call itself never blocks.
fn shutdown(ring: *Ring, request: *const abi.Command) Outcome {
    if (!ring.descriptors.has(request.descriptor)) return refuse(ring, request, bad_descriptor);
    const done = system.shutdown(request.descriptor, request.a);
    if (done < 0) ring.complete(request, done);
    return .done;
}

fn close(ring: *Ring, request: *const abi.Command, resets: bool) Outcome {
    if (!ring.descriptors.has(request.descriptor)) return refuse(ring, request, bad_descriptor);
    const entry = entryFor(ring, request, liburing.op.close) orelse return .full;
    if (resets) sockets.resetOnClose(request.descriptor);
    const reports = request.operation & abi.CommandFlag.report != 0;
    if (!reports) silence(ring, entry.sqe);
    ring.descriptors.remove(request.descriptor);
    return .done;
}

fn cancel(ring: *Ring, request: *const abi.Command) Outcome {
    const entry = entryFor(ring, request, liburing.op.async_cancel) orelse return .full;
    entry.sqe.fd = -1;
    entry.sqe.addr = userData(request.a, request.b);
    silence(ring, entry.sqe);
    return .done;
}

fn silence(ring: *Ring, sqe: *liburing.Sqe) void {
    if (ring.features & abi.Feature.skip_success != 0) sqe.flags |= liburing.sqe_flag.cqe_skip_success;
}

fn poll(ring: *Ring, request: *const abi.Command) Outcome {
    if (!ring.descriptors.has(request.descriptor)) return refuse(ring, request, bad_descriptor);
    if (request.b > 1) return refuse(ring, request, invalid);
    const entry = entryFor(ring, request, liburing.op.poll_add) orelse return .full;
    entry.sqe.op_flags = request.a;
    if (request.b == 1) entry.sqe.len = liburing.poll_add_multi;
    return .done;
}

fn provide(ring: *Ring, request: *const abi.Command) Outcome {
    if (!ring.buffers.provide(request.a)) return refuse(ring, request, invalid);
    return .done;
}

fn wake(ring: *Ring, request: *const abi.Command) Outcome {
    const entry = entryFor(ring, request, liburing.op.read) orelse return .full;
    entry.sqe.fd = ring.wake_descriptor;
    entry.sqe.addr = @intFromPtr(&ring.wake_count);
    entry.sqe.len = 8;
    return .done;
}

fn timeout(ring: *Ring, request: *const abi.Command) Outcome {
    const entry = entryFor(ring, request, liburing.op.timeout) orelse return .full;
    entry.attachment.timeout = .{ .sec = request.a / 1_000_000, .nsec = @as(i64, request.a % 1_000_000) * 1000 };
    entry.sqe.fd = -1;
    entry.sqe.addr = @intFromPtr(&entry.attachment.timeout);
    entry.sqe.len = 1;
    return .done;
}

pub fn continuation(request: *const abi.Command) [*]const abi.Command {
    const records: [*]const abi.Command = @ptrCast(request);
    return records + 1;
}

comptime {
    std.debug.assert(@sizeOf(abi.Command) % @sizeOf(u32) == 0);
}
