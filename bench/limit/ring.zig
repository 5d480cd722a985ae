//! io_uring as ringway's workers set it up: the same flags, the same sizes of queues, the same buffers.
//! What fails ends the program.

const std = @import("std");
const liburing = @import("liburing");
const process = @import("sockets").process;

/// As in lib/ring/options.ts and lib/ring/buffer_pool.ts.
const submission_entries = 512;
const completion_entries = 4096;
const small = Sizes{ .count = 1024, .bytes = 8192, .batch = 64 };
const bulk = Sizes{ .count = 16, .bytes = 262144, .batch = 2 };
pub const buffer_count = small.count + bulk.count;

/// So many of so many bytes, and how many join at first and whenever the kernel runs out of them.
const Sizes = struct { count: u32, bytes: u32, batch: u32 };

pub const Group = enum(u16) { small = 0, bulk = 1 };

const Provided = struct {
    sizes: Sizes,
    first: u16,
    entries: [1024]liburing.Buf align(4096) = undefined,
    tail: u16 = 0,
    joined: u16 = 0,
};

var ring: liburing.IoUring = undefined;
var enter_flags: u32 = liburing.enter_flag.getevents;
var arena: [small.count * small.bytes + bulk.count * bulk.bytes]u8 align(4096) = undefined;
var groups = [_]Provided{ .{ .sizes = small, .first = 0 }, .{ .sizes = bulk, .first = small.count } };

pub fn open() void {
    var params = liburing.Params{
        .cq_entries = completion_entries,
        .flags = liburing.setup.cqsize | liburing.setup.clamp | liburing.setup.submit_all |
            liburing.setup.coop_taskrun | liburing.setup.single_issuer | liburing.setup.defer_taskrun,
    };
    must("io_uring_setup", liburing.io_uring_queue_init_params(submission_entries, &ring, &params));
    if (ring.sq.array) |array| {
        for (0..ring.sq.ring_entries) |index| array[index] = @intCast(index);
    }
    must("registering the ring", liburing.io_uring_register_ring_fd(&ring));
    enter_flags |= liburing.enter_flag.registered_ring;
    if (ring.features & liburing.feature.no_iowait != 0) enter_flags |= liburing.enter_flag.no_iowait;
    for (&groups, 0..) |*group, number| {
        var registration = liburing.BufReg{
            .ring_addr = @intFromPtr(&group.entries),
            .ring_entries = group.sizes.count,
            .bgid = @intCast(number),
        };
        group.entries[0].resv = 0;
        must("registering buffers", liburing.io_uring_register_buf_ring(&ring, &registration, 0));
        _ = provideMore(@enumFromInt(number));
    }
}

fn must(comptime what: []const u8, result: c_int) void {
    if (result < 0) process.failWith(what, @intCast(-result));
}

/// Let more buffers circulate. False if all do.
pub fn provideMore(number: Group) bool {
    const group = &groups[@intFromEnum(number)];
    const batch = @min(group.sizes.batch, group.sizes.count - group.joined);
    for (0..batch) |_| {
        group.joined += 1;
        provide(group.first + group.joined - 1);
    }
    return batch > 0;
}

/// Give a buffer to the kernel.
pub fn provide(buffer: u16) void {
    const group = &groups[@intFromBool(buffer >= small.count)];
    const entry = &group.entries[group.tail & (group.sizes.count - 1)];
    // Not its last field: in the first entry, that is the ring's tail.
    entry.addr = @intFromPtr(start(buffer));
    entry.len = group.sizes.bytes;
    entry.bid = buffer;
    group.tail +%= 1;
}

/// A buffer's memory.
pub fn start(buffer: u16) [*]u8 {
    if (buffer < small.count) return arena[@as(usize, buffer) * small.bytes ..].ptr;
    return arena[small.count * small.bytes + @as(usize, buffer - small.count) * bulk.bytes ..].ptr;
}

pub fn isFull(length: u32) bool {
    return length >= small.bytes;
}

/// An entry of the submission queue, zeroed.
pub fn next() *liburing.Sqe {
    const sq = &ring.sq;
    if (sq.sqe_tail -% @atomicLoad(u32, sq.khead, .acquire) >= sq.ring_entries) enter(0);
    const sqe = &sq.sqes[sq.sqe_tail & sq.ring_mask];
    sq.sqe_tail +%= 1;
    sqe.* = std.mem.zeroes(liburing.Sqe);
    return sqe;
}

/// Submit, wait for a completion, and hand over all that there are.
pub fn turn(comptime handle: fn (*const liburing.Cqe) void) void {
    enter(1);
    const cq = &ring.cq;
    var head = cq.khead.*;
    const tail = @atomicLoad(u32, cq.ktail, .acquire);
    while (head != tail) : (head +%= 1) handle(&cq.cqes[head & cq.ring_mask]);
    @atomicStore(u32, cq.khead, head, .release);
}

fn enter(minimum: u32) void {
    for (&groups) |*group| @atomicStore(u16, &group.entries[0].resv, group.tail, .release);
    const sq = &ring.sq;
    @atomicStore(u32, sq.ktail, sq.sqe_tail, .release);
    const pending = sq.sqe_tail -% @atomicLoad(u32, sq.khead, .acquire);
    const descriptor: u32 = @bitCast(ring.enter_ring_fd);
    const entered = liburing.io_uring_enter2(descriptor, pending, minimum, enter_flags, null, 8);
    const INTR = 4;
    if (entered < 0 and entered != -INTR) process.failWith("io_uring_enter", @intCast(-entered));
}
