//! The limit: a program that is only there to be measured. It relays with io_uring in the way of ringway's workers,
//! with as little as possible besides, to show what TypeScript, layers and checks cost.
//!
//! bench_limit PORT UPSTREAM_PORT 0   relays the bytes of TCP connections
//! bench_limit PORT UPSTREAM_PORT 1   relays HTTP requests on connections to the upstream that are kept. It rewrites
//!                                    nothing and sees no more of a message than where it ends (message.zig)
//!
//! Errors end a connection or the program. There are no timeouts, no limits, and no checks of what comes.

const std = @import("std");
const liburing = @import("liburing");
const ring = @import("ring.zig");
const sockets = @import("sockets");
const Message = @import("message.zig").Message;

const process = sockets.process;

comptime {
    // What liburing expects of a C library.
    _ = @import("support");
}

pub const main = process.Main(run).main;

const Operation = enum(u8) { accept, connect, receive, send, close };

const none: u32 = std.math.maxInt(u32);
const no_buffer: u16 = std.math.maxInt(u16);
/// Two for each relayed connection.
const connections_limit = 65536;
/// As in lib/net/uring/receive.ts and lib/server/ring_config.ts.
const full_buffers_to_bulk = 4;
const small_receives_from_bulk = 4;
const high_watermark = 65536;
const low_watermark = 16384;
const vector_pieces = 16;

const Connection = struct {
    descriptor: i32,
    is_upstream: bool,
    /// Where what is received goes; none while an HTTP connection has no request.
    peer: u32 = none,
    /// What is to be sent: a list of buffers.
    first: u16 = no_buffer,
    last: u16 = no_buffer,
    queued: u32 = 0,
    /// How many of the buffers, and of the bytes, the kernel sends now.
    sending: u32 = 0,
    sending_bytes: u32 = 0,
    is_connected: bool,
    is_receiving: bool = false,
    is_starved: bool = false,
    has_ended: bool = false,
    is_shut: bool = false,
    is_closing: bool = false,
    is_dirty: bool = false,
    is_bulk: bool = false,
    streak: u8 = 0,
    message: Message = .{},
};

/// struct iovec and struct msghdr.
const Piece = extern struct { base: u64, length: u64 };
const Header = extern struct {
    name: u64 = 0,
    name_length: u64 = 0,
    pieces: u64,
    count: u64,
    control: u64 = 0,
    control_length: u64 = 0,
    flags: u64 = 0,
};
const Vector = struct { header: Header, pieces: [vector_pieces]Piece };

/// A list of slots.
const Slots = struct {
    items: [connections_limit]u32 = undefined,
    count: u32 = 0,

    fn push(slots: *Slots, slot: u32) void {
        slots.items[slots.count] = slot;
        slots.count += 1;
    }

    fn pop(slots: *Slots) ?u32 {
        if (slots.count == 0) return null;
        slots.count -= 1;
        return slots.items[slots.count];
    }

    fn remove(slots: *Slots, slot: u32) void {
        const found = std.mem.indexOfScalar(u32, slots.items[0..slots.count], slot) orelse return;
        slots.count -= 1;
        slots.items[found] = slots.items[slots.count];
    }
};

var table: [connections_limit]Connection = undefined;
var vectors: [connections_limit]Vector = undefined;
var used: u32 = 0;
var free: Slots = .{};
/// Connections to the upstream without a request.
var idle: Slots = .{};
/// Connections with something to send at the end of the turn.
var dirty: Slots = .{};
/// Connections that wait for buffers.
var starved: Slots = .{};
/// Of each buffer: the one behind it in its list, and how many of its bytes are used.
var next_buffer: [ring.buffer_count]u16 = undefined;
var lengths: [ring.buffer_count]u32 = undefined;
/// Bytes of one multishot receive. 0 on kernels before 6.17, which know no limit.
var receive_limit: u32 = high_watermark;
var is_http = false;
var listener: i32 = undefined;
var upstream: sockets.Address = undefined;

fn run(arguments: process.Arguments, _: process.Environment) void {
    const port, const upstream_port, const http = process.numbers(&.{ "PORT", "UPSTREAM_PORT", "HTTP" }, arguments);
    is_http = http == 1;
    upstream = sockets.loopback(upstream_port);
    listener = sockets.listen(port, .blocking);
    ring.open();
    accept();
    while (true) {
        ring.turn(handle);
        while (dirty.pop()) |slot| send(slot);
    }
}

fn submit(operation: Operation, opcode: u8, slot: u32, descriptor: i32) *liburing.Sqe {
    const sqe = ring.next();
    sqe.opcode = opcode;
    sqe.fd = descriptor;
    sqe.user_data = @as(u64, @intFromEnum(operation)) << 32 | slot;
    return sqe;
}

fn handle(cqe: *const liburing.Cqe) void {
    const slot: u32 = @truncate(cqe.user_data);
    switch (@as(Operation, @enumFromInt(cqe.user_data >> 32))) {
        .accept => onAccepted(cqe.res, hasMore(cqe)),
        .connect => onConnected(slot, cqe.res),
        .receive => onReceived(slot, cqe),
        .send => onSent(slot, cqe.res),
        .close => {},
    }
}

fn hasMore(cqe: *const liburing.Cqe) bool {
    const IORING_CQE_F_MORE = 2;
    return cqe.flags & IORING_CQE_F_MORE != 0;
}

fn accept() void {
    const SOCK_CLOEXEC = 0o2000000;
    const sqe = submit(.accept, liburing.op.accept, 0, listener);
    sqe.op_flags = SOCK_CLOEXEC;
    sqe.ioprio = liburing.ioprio.accept_multishot;
}

fn onAccepted(result: i32, is_armed: bool) void {
    if (!is_armed) accept();
    if (result < 0) return;
    const slot = add(.{ .descriptor = result, .is_upstream = false, .is_connected = true });
    if (is_http) armReceive(slot, .poll_first) else pair(slot, connect());
}

fn add(connection: Connection) u32 {
    const slot = free.pop() orelse used;
    if (slot == used) used += 1;
    table[slot] = connection;
    return slot;
}

fn connect() u32 {
    const slot = add(.{ .descriptor = sockets.unconnected(), .is_upstream = true, .is_connected = false });
    const sqe = submit(.connect, liburing.op.connect, slot, table[slot].descriptor);
    sqe.addr = @intFromPtr(&upstream);
    sqe.off = @sizeOf(sockets.Address);
    return slot;
}

fn pair(slot: u32, other: u32) void {
    table[slot].peer = other;
    table[other].peer = slot;
}

fn onConnected(slot: u32, result: i32) void {
    const c = &table[slot];
    c.is_connected = true;
    if (result < 0 or c.is_closing) return destroy(slot);
    armReceive(slot, .poll_first);
    markDirty(slot);
    if (c.peer != none) armReceive(c.peer, .poll_first);
}

fn armReceive(slot: u32, trial: enum { poll_first, at_once }) void {
    const c = &table[slot];
    if (c.is_receiving or c.has_ended or c.is_closing or c.is_starved or !c.is_connected) return;
    if (c.peer != none) {
        const peer = &table[c.peer];
        if (peer.queued >= high_watermark or !peer.is_connected) return;
    }
    c.is_receiving = true;
    const sqe = submit(.receive, liburing.op.recv, slot, c.descriptor);
    sqe.flags = liburing.sqe_flag.buffer_select;
    if (c.is_bulk) {
        sqe.buf_group = @intFromEnum(ring.Group.bulk);
    } else {
        sqe.buf_group = @intFromEnum(ring.Group.small);
        sqe.ioprio = liburing.ioprio.recv_multishot;
        sqe.file_index = receive_limit;
    }
    if (trial == .poll_first) sqe.ioprio |= liburing.ioprio.recvsend_poll_first;
}

fn onReceived(slot: u32, cqe: *const liburing.Cqe) void {
    const c = &table[slot];
    if (!hasMore(cqe)) c.is_receiving = false;
    if (cqe.res > 0) {
        onBytes(slot, @intCast(cqe.flags >> 16), @intCast(cqe.res));
    } else if (c.is_closing) {
        return closeIfIdle(slot);
    } else if (cqe.res == 0) {
        return onEnd(slot);
    } else switch (@as(std.os.linux.E, @enumFromInt(-cqe.res))) {
        .NOBUFS => onNoBuffers(slot),
        .INVAL => if (receive_limit > 0) {
            receive_limit = 0;
        } else return destroy(slot),
        else => return destroy(slot),
    }
    const IORING_CQE_F_SOCK_NONEMPTY = 4;
    const has_more_bytes = cqe.flags & IORING_CQE_F_SOCK_NONEMPTY != 0;
    if (c.is_closing) closeIfIdle(slot) else armReceive(slot, if (has_more_bytes) .at_once else .poll_first);
}

fn onNoBuffers(slot: u32) void {
    const c = &table[slot];
    if (c.is_bulk) {
        if (!ring.provideMore(.bulk)) c.is_bulk = false;
    } else if (!ring.provideMore(.small)) {
        c.is_starved = true;
        starved.push(slot);
    }
}

fn onBytes(slot: u32, buffer: u16, length: u32) void {
    const c = &table[slot];
    if (c.is_closing) return release(buffer);
    adapt(c, length);
    const is_last = is_http and c.message.feed(ring.start(buffer)[0..length]);
    if (c.peer == none) pair(slot, if (c.is_upstream) process.fail("a response came unasked", .{}) else openUpstream());
    enqueue(c.peer, buffer, length);
    if (!is_last or !c.is_upstream) return;
    if (c.queued > 0) process.fail("a response came before its request was sent", .{});
    table[c.peer].peer = none;
    c.peer = none;
    idle.push(slot);
}

fn openUpstream() u32 {
    return idle.pop() orelse connect();
}

/// Small buffers or bulk ones?
fn adapt(c: *Connection, length: u32) void {
    if (ring.isFull(length) == c.is_bulk) {
        c.streak = 0;
        return;
    }
    c.streak += 1;
    if (c.streak < @as(u8, if (c.is_bulk) small_receives_from_bulk else full_buffers_to_bulk)) return;
    c.is_bulk = !c.is_bulk;
    c.streak = 0;
}

fn enqueue(slot: u32, buffer: u16, length: u32) void {
    const c = &table[slot];
    lengths[buffer] = length;
    next_buffer[buffer] = no_buffer;
    if (c.first == no_buffer) c.first = buffer else next_buffer[c.last] = buffer;
    c.last = buffer;
    c.queued += length;
    markDirty(slot);
}

fn markDirty(slot: u32) void {
    const c = &table[slot];
    if (c.is_dirty) return;
    c.is_dirty = true;
    dirty.push(slot);
}

fn send(slot: u32) void {
    const c = &table[slot];
    c.is_dirty = false;
    if (c.is_closing) return closeIfIdle(slot);
    if (c.sending > 0 or c.is_shut or !c.is_connected) return;
    if (c.first == no_buffer) {
        if (c.peer != none and table[c.peer].has_ended) shutDown(slot);
        return;
    }
    const vector = &vectors[slot];
    c.sending_bytes = 0;
    var buffer = c.first;
    while (buffer != no_buffer and c.sending < vector_pieces) : (buffer = next_buffer[buffer]) {
        vector.pieces[c.sending] = .{ .base = @intFromPtr(ring.start(buffer)), .length = lengths[buffer] };
        c.sending += 1;
        c.sending_bytes += lengths[buffer];
    }
    const MSG_NOSIGNAL_WAITALL = 0x4000 | 0x100;
    const opcode = if (c.sending == 1) liburing.op.send else liburing.op.sendmsg;
    const sqe = submit(.send, opcode, slot, c.descriptor);
    sqe.op_flags = MSG_NOSIGNAL_WAITALL;
    if (c.sending == 1) {
        sqe.addr = vector.pieces[0].base;
        sqe.len = c.sending_bytes;
    } else {
        vector.header = .{ .pieces = @intFromPtr(&vector.pieces), .count = c.sending };
        sqe.addr = @intFromPtr(&vector.header);
        sqe.len = 1;
    }
}

fn onSent(slot: u32, result: i32) void {
    const c = &table[slot];
    while (c.sending > 0) : (c.sending -= 1) releaseFirst(c);
    if (c.is_closing) return closeIfIdle(slot);
    if (result < c.sending_bytes) return destroy(slot);
    markDirty(slot);
    if (c.queued <= low_watermark and c.peer != none) armReceive(c.peer, .at_once);
}

fn releaseFirst(c: *Connection) void {
    const buffer = c.first;
    c.first = next_buffer[buffer];
    c.queued -= lengths[buffer];
    release(buffer);
}

fn release(buffer: u16) void {
    ring.provide(buffer);
    if (starved.pop()) |slot| {
        table[slot].is_starved = false;
        if (table[slot].is_closing) closeIfIdle(slot) else armReceive(slot, .at_once);
    }
}

fn onEnd(slot: u32) void {
    const c = &table[slot];
    c.has_ended = true;
    if (is_http or table[c.peer].is_closing) return destroy(slot);
    markDirty(c.peer);
}

/// All that came from the peer is sent, and no more will come.
fn shutDown(slot: u32) void {
    const c = &table[slot];
    if (c.has_ended and table[c.peer].first == no_buffer) return destroy(slot);
    c.is_shut = true;
    sockets.shutdown(c.descriptor, .sending);
}

/// Close a connection, and the one that it is relayed to.
fn destroy(slot: u32) void {
    const c = &table[slot];
    const peer = c.peer;
    if (!c.is_closing) {
        c.is_closing = true;
        if (c.is_upstream and peer == none) idle.remove(slot);
        // It ends what the kernel still does for it.
        if (c.is_receiving or c.sending > 0 or !c.is_connected) sockets.shutdown(c.descriptor, .both);
    }
    c.peer = none;
    if (peer != none) {
        table[peer].peer = none;
        destroy(peer);
    }
    closeIfIdle(slot);
}

fn closeIfIdle(slot: u32) void {
    const c = &table[slot];
    if (c.is_receiving or c.sending > 0 or c.is_dirty or c.is_starved or !c.is_connected or c.descriptor < 0) return;
    while (c.first != no_buffer) releaseFirst(c);
    const sqe = submit(.close, liburing.op.close, slot, c.descriptor);
    sqe.flags = liburing.sqe_flag.cqe_skip_success;
    c.descriptor = -1;
    free.push(slot);
}
