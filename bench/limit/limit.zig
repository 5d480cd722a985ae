//! The limit: a program that is only there to be measured. It relays with io_uring in the way of ringway's workers,
//! with as little as possible besides, to show what TypeScript, layers and checks cost; and with options in other ways,
//! to show what these would change.
//!
//! bench_limit PORT UPSTREAM_PORT 0 [OPTION...]   relays the bytes of TCP connections
//! bench_limit PORT UPSTREAM_PORT 1 [OPTION...]   relays HTTP requests on connections to the upstream that are kept. It
//!                                                rewrites nothing and sees no more of a message than where it ends
//!                                                (message.zig)
//!
//! Errors end a connection or the program. There are no timeouts, no limits, and no checks of what comes.

const std = @import("std");
const liburing = @import("liburing");
const commands = @import("commands.zig");
const kernel = @import("kernel.zig");
const pieces = @import("pieces.zig");
const ring = @import("ring.zig");
const sockets = @import("sockets");
const Head = @import("message.zig").Head;
const Message = @import("message.zig").Message;
const Options = @import("options.zig").Options;

const process = sockets.process;

comptime {
    // What liburing expects of a C library.
    _ = @import("support");
}

pub const main = process.Main(run).main;

const none: u32 = std.math.maxInt(u32);
/// Two for each relayed connection.
const connections_limit = 65536;
/// As in lib/net/uring/receive.ts and lib/server/ring_config.ts.
const full_buffers_to_bulk = 4;
const small_receives_from_bulk = 4;
const high_watermark = 65536;
const low_watermark = 16384;
const vector_pieces = 16;
/// With bundles, in place of a bulk buffer.
const bundle_bytes = 262144;
const bundle_pieces = 32;

const Connection = struct {
    descriptor: i32,
    is_upstream: bool,
    /// Where what is received goes; none while an HTTP connection has no request.
    peer: u32 = none,
    /// What is to be sent.
    queue: pieces.Queue = .{},
    /// How many of the pieces, and of the bytes, the kernel sends now.
    sending: u32 = 0,
    sending_bytes: u32 = 0,
    /// What became of a silent send, if it completed after all.
    silent_result: ?i32 = null,
    is_connected: bool,
    is_receiving: bool = false,
    is_starved: bool = false,
    has_ended: bool = false,
    is_shut: bool = false,
    is_closing: bool = false,
    is_dirty: bool = false,
    is_bulk: bool = false,
    /// The last send did not take all at once: the next one may wait.
    is_slow: bool = false,
    streak: u8 = 0,
    /// Of the socket, that are under way.
    shutdowns: u8 = 0,
    message: Message = .{},
};

/// struct iovec and struct msghdr.
const Extent = extern struct { base: u64, length: u64 };
const Header = extern struct {
    name: u64 = 0,
    name_length: u64 = 0,
    extents: u64,
    count: u64,
    control: u64 = 0,
    control_length: u64 = 0,
    flags: u64 = 0,
};
const Vector = struct { header: Header, extents: [bundle_pieces]Extent };

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
var heads: [connections_limit]Head = undefined;
var used: u32 = 0;
var free: Slots = .{};
/// Connections to the upstream without a request.
var idle: Slots = .{};
/// Connections with something to send at the end of the turn.
var dirty: Slots = .{};
/// Connections that wait for buffers.
var starved: Slots = .{};
/// Connections with a silent send.
var silent: Slots = .{};
/// Bytes of one multishot receive. 0 on kernels before 6.17, which know no limit.
var receive_limit: u32 = high_watermark;
var options: Options = undefined;
var listener: i32 = undefined;
var upstream: sockets.Address = undefined;

fn run(arguments: process.Arguments, _: process.Environment) void {
    options = Options.parse(arguments);
    upstream = sockets.loopback(options.upstream_port);
    ring.open(options);
    if (options.direct) commands.useTable(ring.openTable());
    listener = sockets.listen(options.port, .blocking);
    commands.accept(listener);
    while (true) {
        ring.wait();
        if (options.skip_success) settle();
        ring.take(handle);
        while (dirty.pop()) |slot| send(slot);
    }
}

fn handle(cqe: *const liburing.Cqe) void {
    const tag: commands.Tag = @bitCast(cqe.user_data);
    switch (tag.operation) {
        .accept => onAccepted(cqe.res, hasMore(cqe)),
        .connect => onConnected(tag.slot, cqe.res),
        .receive => onReceived(tag.slot, cqe),
        .send => onSendCompleted(tag, cqe),
        .shutdown => onShutdown(tag.slot),
        // Settled before.
        .silent_send => {},
        .close => {},
    }
}

fn hasMore(cqe: *const liburing.Cqe) bool {
    return cqe.flags & kernel.cqe_flag.more != 0;
}

fn onAccepted(result: i32, is_armed: bool) void {
    if (!is_armed) commands.accept(listener);
    if (result < 0) return;
    const slot = add(.{ .descriptor = result, .is_upstream = false, .is_connected = true });
    if (options.is_http) armReceive(slot, .poll_first) else pair(slot, connect());
}

fn add(connection: Connection) u32 {
    const slot = free.pop() orelse used;
    if (slot == used) used += 1;
    table[slot] = connection;
    return slot;
}

fn connect() u32 {
    const slot = add(.{ .descriptor = -1, .is_upstream = true, .is_connected = false });
    table[slot].descriptor = commands.connect(slot, &upstream);
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
        if (peer.queue.bytes >= high_watermark or !peer.is_connected) return;
    }
    c.is_receiving = true;
    const sqe = commands.submit(.{ .operation = .receive, .slot = slot }, liburing.op.recv, c.descriptor);
    sqe.flags |= liburing.sqe_flag.buffer_select;
    const group = groupOf(c);
    sqe.buf_group = @intFromEnum(group);
    if (group == .small) {
        sqe.ioprio = liburing.ioprio.recv_multishot;
        sqe.file_index = receive_limit;
        if (options.bundles) {
            sqe.ioprio |= kernel.receive_bundle;
            if (c.is_bulk and receive_limit > 0) sqe.file_index = bundle_bytes;
        }
    }
    if (trial == .poll_first) sqe.ioprio |= liburing.ioprio.recvsend_poll_first;
}

/// Bundles are as large as bulk buffers.
fn groupOf(c: *const Connection) ring.Group {
    return if (c.is_bulk and !options.bundles) .bulk else .small;
}

fn onReceived(slot: u32, cqe: *const liburing.Cqe) void {
    const c = &table[slot];
    if (!hasMore(cqe)) c.is_receiving = false;
    if (cqe.res > 0) {
        onBytes(slot, cqe);
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
    const has_more_bytes = cqe.flags & kernel.cqe_flag.socket_nonempty != 0;
    if (c.is_closing) closeIfIdle(slot) else armReceive(slot, if (has_more_bytes) .at_once else .poll_first);
}

fn onNoBuffers(slot: u32) void {
    const c = &table[slot];
    if (ring.provideMore(groupOf(c))) return;
    if (groupOf(c) == .bulk) {
        c.is_bulk = false;
    } else {
        c.is_starved = true;
        starved.push(slot);
    }
}

fn onBytes(slot: u32, cqe: *const liburing.Cqe) void {
    const length: u32 = @intCast(cqe.res);
    adapt(&table[slot], length);
    var received = pieces.Received{
        .buffer = @intCast(cqe.flags >> 16),
        .left = length,
        .is_open = cqe.flags & kernel.cqe_flag.buffer_more != 0,
    };
    while (received.take()) |piece| onPiece(slot, piece);
}

fn onPiece(slot: u32, piece: u16) void {
    const c = &table[slot];
    if (c.is_closing) return release(piece);
    const is_last = options.is_http and c.message.feed(&heads[slot], pieces.content(piece));
    if (c.peer == none) pair(slot, if (c.is_upstream) process.fail("a response came unasked", .{}) else openUpstream());
    table[c.peer].queue.push(piece);
    markDirty(c.peer);
    if (!is_last or !c.is_upstream) return;
    if (c.queue.bytes > 0) process.fail("a response came before its request was sent", .{});
    table[c.peer].peer = none;
    c.peer = none;
    idle.push(slot);
}

fn openUpstream() u32 {
    return idle.pop() orelse connect();
}

/// Small buffers or bulk ones?
fn adapt(c: *Connection, length: u32) void {
    // Shared buffers are large anyway.
    if (ring.isFull(length) == c.is_bulk or options.incremental) {
        c.streak = 0;
        return;
    }
    c.streak += 1;
    if (c.streak < @as(u8, if (c.is_bulk) small_receives_from_bulk else full_buffers_to_bulk)) return;
    c.is_bulk = !c.is_bulk;
    c.streak = 0;
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
    if (c.queue.first == pieces.none) {
        if (c.peer != none and table[c.peer].has_ended) shutDown(slot);
        return;
    }
    const vector = &vectors[slot];
    const most: u32 = if (options.bundles) bundle_pieces else vector_pieces;
    c.sending_bytes = 0;
    var piece = c.queue.first;
    while (piece != pieces.none and c.sending < most) : (piece = pieces.following(piece)) {
        const content = pieces.content(piece);
        vector.extents[c.sending] = .{ .base = @intFromPtr(content.ptr), .length = content.len };
        c.sending += 1;
        c.sending_bytes += @intCast(content.len);
    }
    submitSend(slot, vector, options.skip_success and piece == pieces.none and mayBeSilent(c));
}

fn submitSend(slot: u32, vector: *Vector, is_silent: bool) void {
    const MSG_DONTWAIT = 0x40;
    const MSG_WAITALL = 0x100;
    const MSG_NOSIGNAL = 0x4000;
    const c = &table[slot];
    const is_single = c.sending == 1;
    const opcode = if (options.zero_copy)
        if (is_single) liburing.op.send_zc else kernel.op.sendmsg_zc
    else if (is_single) liburing.op.send else liburing.op.sendmsg;
    const tag = commands.Tag{
        .operation = if (is_silent) .silent_send else .send,
        .slot = slot,
        .count = @intCast(c.sending),
        .first = c.queue.first,
    };
    const sqe = commands.submit(tag, opcode, c.descriptor);
    sqe.op_flags = MSG_NOSIGNAL | MSG_WAITALL;
    if (is_single) {
        sqe.addr = vector.extents[0].base;
        sqe.len = c.sending_bytes;
    } else {
        vector.header = .{ .extents = @intFromPtr(&vector.extents), .count = c.sending };
        sqe.addr = @intFromPtr(&vector.header);
        sqe.len = 1;
    }
    if (!is_silent) return;
    // It does not wait, so that it is over when the call that submits it is. To take less than all is a failure.
    sqe.op_flags |= MSG_DONTWAIT;
    sqe.flags |= liburing.sqe_flag.cqe_skip_success;
    silent.push(slot);
}

/// Is there nothing that only the end of a send sets going again?
fn mayBeSilent(c: *const Connection) bool {
    return !c.is_slow and starved.count == 0 and (c.peer == none or table[c.peer].is_receiving);
}

/// Find out what became of all silent sends.
fn settle() void {
    ring.peek(noteSilentResult);
    while (silent.pop()) |slot| {
        const c = &table[slot];
        const result = c.silent_result;
        c.silent_result = null;
        if (result) |failed| onSilentFailure(slot, failed) else onSent(slot, @intCast(c.sending_bytes));
    }
}

fn noteSilentResult(cqe: *const liburing.Cqe) void {
    const tag: commands.Tag = @bitCast(cqe.user_data);
    if (tag.operation == .silent_send) table[tag.slot].silent_result = cqe.res;
}

/// What it did not take is sent again, with patience.
fn onSilentFailure(slot: u32, result: i32) void {
    const c = &table[slot];
    const AGAIN = 11;
    if (c.is_closing or (result < 0 and result != -AGAIN)) return onSent(slot, result);
    c.sending = 0;
    c.is_slow = true;
    var sent: u32 = @intCast(@max(result, 0));
    while (sent > 0) {
        const length: u32 = @intCast(pieces.content(c.queue.first).len);
        if (sent < length) {
            c.queue.trim(sent);
            break;
        }
        sent -= length;
        release(c.queue.pop());
    }
    markDirty(slot);
}

fn onSendCompleted(tag: commands.Tag, cqe: *const liburing.Cqe) void {
    if (cqe.flags & kernel.cqe_flag.notification != 0) return releaseAll(tag);
    const c = &table[tag.slot];
    // The kernel still reads the buffers, until it notifies.
    if (hasMore(cqe)) {
        while (c.sending > 0) : (c.sending -= 1) _ = c.queue.pop();
    }
    onSent(tag.slot, cqe.res);
}

fn releaseAll(tag: commands.Tag) void {
    var piece = tag.first;
    for (0..tag.count) |_| {
        const following = pieces.following(piece);
        release(piece);
        piece = following;
    }
}

fn onSent(slot: u32, result: i32) void {
    const c = &table[slot];
    while (c.sending > 0) : (c.sending -= 1) release(c.queue.pop());
    if (c.is_closing) return closeIfIdle(slot);
    if (result < c.sending_bytes) return destroy(slot);
    c.is_slow = false;
    markDirty(slot);
    if (c.queue.bytes <= low_watermark and c.peer != none) armReceive(c.peer, .at_once);
}

fn release(piece: u16) void {
    if (!pieces.release(piece)) return;
    if (starved.pop()) |slot| {
        table[slot].is_starved = false;
        if (table[slot].is_closing) closeIfIdle(slot) else armReceive(slot, .at_once);
    }
}

fn onEnd(slot: u32) void {
    const c = &table[slot];
    c.has_ended = true;
    if (options.is_http or table[c.peer].is_closing) return destroy(slot);
    markDirty(c.peer);
}

/// All that came from the peer is sent, and no more will come.
fn shutDown(slot: u32) void {
    const c = &table[slot];
    if (c.has_ended and table[c.peer].queue.first == pieces.none) return destroy(slot);
    c.is_shut = true;
    shutSocket(slot, .sending);
}

fn shutSocket(slot: u32, direction: sockets.Direction) void {
    const c = &table[slot];
    if (commands.shutdown(slot, c.descriptor, direction)) c.shutdowns += 1;
}

fn onShutdown(slot: u32) void {
    const c = &table[slot];
    c.shutdowns -= 1;
    if (c.is_closing) closeIfIdle(slot);
}

/// Close a connection, and the one that it is relayed to.
fn destroy(slot: u32) void {
    const c = &table[slot];
    const peer = c.peer;
    if (!c.is_closing) {
        c.is_closing = true;
        if (c.is_upstream and peer == none) idle.remove(slot);
        // It ends what the kernel still does for it.
        if (c.is_receiving or c.sending > 0 or !c.is_connected) shutSocket(slot, .both);
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
    if (c.is_receiving or c.sending > 0 or c.is_dirty or c.is_starved or !c.is_connected or c.shutdowns > 0) return;
    if (c.descriptor < 0) return;
    while (c.queue.first != pieces.none) release(c.queue.pop());
    commands.close(slot, c.descriptor);
    c.descriptor = -1;
    free.push(slot);
}
