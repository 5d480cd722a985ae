//! io_uring as ringway's workers set it up: the same flags, the same sizes of queues, the same buffers; and what the
//! experiments change about it. What fails ends the program.

const std = @import("std");
const liburing = @import("liburing");
const kernel = @import("kernel.zig");
const Options = @import("options.zig").Options;
const process = @import("sockets").process;

/// As in lib/ring/options.ts and lib/ring/buffer_pool.ts.
const submission_entries = 512;
const completion_entries = 4096;
const small = Sizes{ .count = 1024, .bytes = 8192, .batch = 64 };
const bulk = Sizes{ .count = 16, .bytes = 262144, .batch = 2 };
/// In the place of the small ones, when receives fill them bit by bit.
const shared = Sizes{ .count = 32, .bytes = 262144, .batch = 4 };
pub const buffer_count = small.count + bulk.count;
/// How many completions are worth waiting a little for.
const batch_completions = 8;

/// So many of so many bytes, and how many join at first and whenever the kernel runs out of them.
const Sizes = struct { count: u32, bytes: u32, batch: u32 };

pub const Group = enum(u16) { small = 0, bulk = 1 };

const Provided = struct {
    sizes: Sizes,
    first: u16,
    entries: [small.count]liburing.Buf align(4096) = undefined,
    tail: u16 = 0,
    joined: u16 = 0,
    /// The buffers by their places in the ring, of two turns of it: a completion may be handled late.
    order: [2 * small.count]u16 = undefined,
};

var ring: liburing.IoUring = undefined;
var enter_flags: u32 = liburing.enter_flag.getevents;
var wait_argument: liburing.GetEventsArg = .{};
/// The size that the kernel knows the argument by. Without one, that of a set of signals.
var wait_argument_size: usize = 8;
var awaited: u32 = 1;
const longest_wait = liburing.KernelTimespec{ .sec = 3600, .nsec = 0 };
var arena: [small.count * small.bytes + bulk.count * bulk.bytes]u8 align(4096) = undefined;
var groups = [_]Provided{ .{ .sizes = small, .first = 0 }, .{ .sizes = bulk, .first = small.count } };
/// Of each buffer, its place in the ring of its group.
var places: [buffer_count]u16 = undefined;

pub fn open(options: Options) void {
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
    if (has(liburing.feature.no_iowait)) enter_flags |= liburing.enter_flag.no_iowait;
    requireFeatures(options);
    if (options.incremental) groups[0].sizes = shared;
    for (&groups, 0..) |*group, number| registerBuffers(group, @enumFromInt(number), options.incremental);
    if (options.min_wait_us > 0) {
        wait_argument.min_wait_usec = options.min_wait_us;
        // Without an end of all waiting, the kernel takes the shorter time for it.
        wait_argument.ts = @intFromPtr(&longest_wait);
        wait_argument_size = @sizeOf(liburing.GetEventsArg);
        enter_flags |= liburing.enter_flag.ext_arg;
        awaited = batch_completions;
    }
}

fn requireFeatures(options: Options) void {
    const needed = [_]struct { bool, bool, []const u8 }{
        .{ options.skip_success, has(liburing.feature.cqe_skip), "--skip-success needs Linux 5.17" },
        .{ options.zero_copy, options.zero_copy and knows(kernel.op.sendmsg_zc), "--zero-copy needs Linux 6.1" },
        .{ options.direct, options.direct and knows(kernel.op.uring_cmd), "--direct needs Linux 6.7" },
        .{ options.bundles, has(liburing.feature.recvsend_bundle), "--bundles needs Linux 6.10" },
        .{ options.min_wait_us > 0, has(liburing.feature.min_timeout), "--min-wait needs Linux 6.12" },
    };
    for (needed) |need| {
        const is_wanted, const is_there, const sentence = need;
        if (is_wanted and !is_there) process.fail("{s}", .{sentence});
    }
}

fn has(feature: u32) bool {
    return ring.features & feature != 0;
}

fn knows(operation: u8) bool {
    var probe = std.mem.zeroes(liburing.Probe);
    must("probing operations", liburing.io_uring_register_probe(&ring, &probe, probe.ops.len));
    return operation <= probe.last_op and probe.ops[operation].flags & liburing.probe_op_supported != 0;
}

fn registerBuffers(group: *Provided, number: Group, is_incremental: bool) void {
    const is_shared = is_incremental and number == .small;
    var registration = liburing.BufReg{
        .ring_addr = @intFromPtr(&group.entries),
        .ring_entries = group.sizes.count,
        .bgid = @intFromEnum(number),
        .flags = if (is_shared) kernel.buffers_incremental else 0,
    };
    group.entries[0].resv = 0;
    const result = liburing.io_uring_register_buf_ring(&ring, &registration, 0);
    if (is_shared and result < 0) process.fail("--incremental needs Linux 6.12", .{});
    must("registering buffers", result);
    _ = provideMore(number);
}

/// A table of direct descriptors.
pub const Table = struct {
    places: u32,

    /// The place of a connection's socket, in the second half. In the first one the kernel chooses.
    pub fn place(table: Table, slot: u32) u32 {
        const index = table.places / 2 + slot;
        if (index >= table.places) process.fail("more connections than direct descriptors: {d}", .{table.places});
        return index;
    }
};

const most_places = 65536;
const least_places = 256;

/// As large as the limit of open files allows.
pub fn openTable() Table {
    const MFILE = 24;
    var count: u32 = most_places;
    while (true) : (count /= 2) {
        const result = kernel.io_uring_register_files_sparse(&ring, count);
        if (result == -MFILE and count > least_places) continue;
        must("registering a table of files", result);
        break;
    }
    must("dividing the table of files", kernel.io_uring_register_file_alloc_range(&ring, 0, count / 2));
    return .{ .places = count };
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
    const group = groupOf(buffer);
    const entry = &group.entries[group.tail & (group.sizes.count - 1)];
    // Not its last field: in the first entry, that is the ring's tail.
    entry.addr = @intFromPtr(start(buffer));
    entry.len = group.sizes.bytes;
    entry.bid = buffer;
    group.order[group.tail % group.order.len] = buffer;
    places[buffer] = group.tail;
    group.tail +%= 1;
}

fn groupOf(buffer: u16) *Provided {
    return &groups[@intFromBool(buffer >= small.count)];
}

/// The buffer that was given to the kernel behind another one.
pub fn following(buffer: u16) u16 {
    const group = groupOf(buffer);
    return group.order[(places[buffer] +% 1) % group.order.len];
}

/// A buffer's memory.
pub fn start(buffer: u16) [*]u8 {
    if (buffer < small.count) return arena[@as(usize, buffer) * groups[0].sizes.bytes ..].ptr;
    return arena[small.count * small.bytes + @as(usize, buffer - small.count) * bulk.bytes ..].ptr;
}

/// A buffer's size.
pub fn bytes(buffer: u16) u32 {
    return groupOf(buffer).sizes.bytes;
}

/// As many bytes as a small buffer takes, or more.
pub fn isFull(length: u32) bool {
    return length >= small.bytes;
}

/// An entry of the submission queue, zeroed.
pub fn next() *liburing.Sqe {
    const sq = &ring.sq;
    if (unsubmitted() >= sq.ring_entries) enter(0);
    const sqe = &sq.sqes[sq.sqe_tail & sq.ring_mask];
    sq.sqe_tail +%= 1;
    sqe.* = std.mem.zeroes(liburing.Sqe);
    return sqe;
}

/// Submit all entries, and wait for completions.
pub fn wait() void {
    enter(awaited);
    // The kernel stops where it has no memory for an entry.
    while (unsubmitted() > 0) enter(0);
}

/// See all completions that there are, without taking them.
pub fn peek(comptime see: fn (*const liburing.Cqe) void) void {
    _ = each(see);
}

/// Take all completions that there are.
pub fn take(comptime handle: fn (*const liburing.Cqe) void) void {
    @atomicStore(u32, ring.cq.khead, each(handle), .release);
}

fn each(comptime handle: fn (*const liburing.Cqe) void) u32 {
    const cq = &ring.cq;
    var head = cq.khead.*;
    const tail = @atomicLoad(u32, cq.ktail, .acquire);
    while (head != tail) : (head +%= 1) handle(&cq.cqes[head & cq.ring_mask]);
    return head;
}

fn unsubmitted() u32 {
    return ring.sq.sqe_tail -% @atomicLoad(u32, ring.sq.khead, .acquire);
}

fn enter(minimum: u32) void {
    for (&groups) |*group| @atomicStore(u16, &group.entries[0].resv, group.tail, .release);
    @atomicStore(u32, ring.sq.ktail, ring.sq.sqe_tail, .release);
    const descriptor: u32 = @bitCast(ring.enter_ring_fd);
    const argument: ?*const anyopaque = if (wait_argument.min_wait_usec > 0) &wait_argument else null;
    const entered =
        liburing.io_uring_enter2(descriptor, unsubmitted(), minimum, enter_flags, argument, wait_argument_size);
    const INTR = 4;
    const TIME = 62;
    if (entered < 0 and entered != -INTR and entered != -TIME) process.failWith("io_uring_enter", @intCast(-entered));
}
