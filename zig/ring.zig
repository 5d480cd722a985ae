//! One thread's ring: opened, entered once per loop turn, closed.
//!
//! `enter` runs the commands that TypeScript queued, submits them, waits, and copies completions out,
//! in one call. It aborts on nothing: what the kernel can't take now stays queued for the next turn.

const std = @import("std");
const abi = @import("abi.zig");
const clock = @import("clock.zig");
const liburing = @import("liburing.zig");
const prepare = @import("prepare.zig");
const system = @import("system.zig");
const Buffers = @import("buffers.zig").Buffers;
const Descriptors = @import("descriptors.zig").Descriptors;

/// What a request reads until it is submitted, kept per submission queue entry: the kernel may take
/// an entry later than the call that prepared it (EBUSY, SQPOLL).
pub const Attachment = extern struct {
    header: MessageHeader,
    pieces: [abi.vector_pieces]IoVector,
    address: [abi.address_bytes]u8,
    timeout: liburing.KernelTimespec,
};
pub const MessageHeader = extern struct {
    name: u64 = 0,
    name_length: u32 = 0,
    pad: u32 = 0,
    vectors: u64,
    vector_count: u64,
    control: u64 = 0,
    control_length: u64 = 0,
    flags: i32 = 0,
    pad2: u32 = 0,
};
pub const IoVector = extern struct { base: u64, length: u64 };

pub const Ring = struct {
    uring: liburing.IoUring,
    features: u32,
    /// Only this thread may enter (IORING_SETUP_SINGLE_ISSUER).
    owner: usize,
    /// The owner's number in the system. Asking for it costs a system call, but unlike `owner` it is
    /// not soon given to another thread.
    owner_number: i32,
    header: *abi.Header,
    commands: [*]abi.Command,
    command_capacity: u32,
    completions: [*]abi.Completion,
    completion_capacity: u32,
    /// Completions that the shim made itself, for commands that never reach the kernel. Delivered first.
    early: [*]abi.Completion,
    early_count: u32,
    attachments: [*]Attachment,
    attachments_bytes: usize,
    buffers: Buffers,
    /// Memory of the operations that are no connection's. Most rings have none.
    operations: []u8,
    descriptors: Descriptors,
    wake_descriptor: i32,
    wake_count: u64,
    /// Signalled by the kernel for every completion when bridged to a runtime's loop; -1 when not.
    event_descriptor: i32,

    pub fn open(ring: *Ring, options: [*]i32, wake_descriptor: i32) i32 {
        const failure = ring.openStages(options, wake_descriptor);
        options[@intFromEnum(abi.Option.failed_stage)] = @intCast(@intFromEnum(failure.stage));
        return failure.errno;
    }

    const Failure = struct { stage: abi.OpenStage, errno: i32 };

    fn openStages(ring: *Ring, options: [*]i32, wake_descriptor: i32) Failure {
        const invalid = Failure{ .stage = .options, .errno = system.errno(.INVAL) };
        const no_memory = Failure{ .stage = .memory, .errno = system.errno(.NOMEM) };
        const submission_entries = option(options, .submission_entries, 1, 32768) orelse return invalid;
        const completion_entries = option(options, .completion_entries, submission_entries, 65536) orelse
            return invalid;
        const command_capacity = option(options, .command_capacity, 8, 1 << 20) orelse return invalid;
        const completion_capacity = option(options, .completion_capacity, 8, 1 << 20) orelse return invalid;
        const disabled: u32 = @bitCast(options[@intFromEnum(abi.Option.disabled_features)]);

        ring.features = 0;
        ring.early_count = 0;
        ring.wake_count = 0;
        ring.event_descriptor = -1;
        ring.operations = &.{};
        ring.wake_descriptor = wake_descriptor;
        @atomicStore(usize, &ring.owner, system.threadIdentity(), .monotonic);
        ring.owner_number = system.threadNumber();

        const set_up = ring.setUp(options, submission_entries, completion_entries, disabled);
        if (set_up < 0) return .{ .stage = .setup, .errno = set_up };
        ring.detectFeatures(disabled);
        const required = abi.Feature.no_drop | abi.Feature.wait_timeout;
        if (ring.features & required != required) {
            liburing.io_uring_queue_exit(&ring.uring);
            return .{ .stage = .features, .errno = system.errno(.OPNOTSUPP) };
        }

        ring.command_capacity = command_capacity;
        ring.completion_capacity = completion_capacity;
        const command_area = system.map(areaBytes(ring, .commands)) orelse return ring.unwind(0, no_memory);
        ring.header = @ptrCast(@alignCast(command_area));
        ring.commands = @ptrCast(@alignCast(command_area + @sizeOf(abi.Header)));
        const completion_area = system.map(areaBytes(ring, .completions)) orelse return ring.unwind(1, no_memory);
        ring.completions = @ptrCast(@alignCast(completion_area));
        ring.attachments_bytes = ring.uring.sq.ring_entries * @sizeOf(Attachment);
        const attachments = system.map(ring.attachments_bytes) orelse return ring.unwind(2, no_memory);
        ring.attachments = @ptrCast(@alignCast(attachments));
        const early = system.map(earlyBytes(ring)) orelse return ring.unwind(3, no_memory);
        ring.early = @ptrCast(@alignCast(early));
        ring.descriptors = Descriptors.init() orelse return ring.unwind(4, no_memory);
        ring.header.now_ms = clock.nowMs();
        const wants_limit = disabled & abi.Feature.multishot_limit == 0 and
            ring.features & abi.Feature.multishot_receive != 0;
        if (wants_limit and ring.takesMultishotLimit()) ring.features |= abi.Feature.multishot_limit;
        ring.buffers = Buffers.init(.{
            bufferSizes(options, .small_count, .small_bytes),
            bufferSizes(options, .bulk_count, .bulk_bytes),
            bufferSizes(options, .write_count, .write_bytes),
        }) catch |failure| return ring.unwind(5, if (failure == error.Memory) no_memory else invalid);
        const is_disabled = disabled & abi.Feature.buffer_rings != 0;
        const registered = if (is_disabled) system.errno(.INVAL) else ring.buffers.register(&ring.uring);
        if (registered < 0) {
            const failure = Failure{ .stage = .buffer_rings, .errno = registered };
            return ring.unwind(6, failure);
        }
        ring.features |= abi.Feature.buffer_rings;
        return .{ .stage = .none, .errno = 0 };
    }

    /// Undo the first `stages` allocations of `openStages`.
    fn unwind(ring: *Ring, stages: u32, failure: Failure) Failure {
        liburing.io_uring_queue_exit(&ring.uring);
        if (stages >= 6) {
            ring.buffers.deinit();
            system.unmap(ring.buffers.arena, ring.buffers.arena_bytes);
        }
        if (stages >= 5) ring.descriptors.deinit();
        if (stages >= 4) system.unmap(@ptrCast(ring.early), earlyBytes(ring));
        if (stages >= 3) system.unmap(@ptrCast(ring.attachments), ring.attachments_bytes);
        if (stages >= 2) system.unmap(@ptrCast(ring.completions), areaBytes(ring, .completions));
        if (stages >= 1) system.unmap(@ptrCast(ring.header), areaBytes(ring, .commands));
        return failure;
    }

    /// io_uring_setup(2) with the best flags that the kernel takes, given up one by one, newest first.
    fn setUp(ring: *Ring, options: [*]i32, submission_entries: u32, completion_entries: u32, disabled: u32) i32 {
        const polling = options[@intFromEnum(abi.Option.submission_queue_polling)] != 0;
        const Flag = struct { setup: u32, feature: u32 };
        // DEFER_TASKRUN needs SINGLE_ISSUER, and neither it nor COOP_TASKRUN goes with SQPOLL
        // (io_uring_setup(2)). An interrupt for every completion is what they save.
        const wanted = [_]Flag{
            .{ .setup = liburing.setup.defer_taskrun, .feature = abi.Feature.deferred_task_run },
            .{ .setup = liburing.setup.single_issuer, .feature = abi.Feature.single_issuer },
            .{ .setup = liburing.setup.coop_taskrun, .feature = abi.Feature.cooperative_task_run },
            .{ .setup = liburing.setup.submit_all, .feature = abi.Feature.submit_all },
        };
        var usable: [wanted.len]bool = undefined;
        for (wanted, &usable) |flag, *use| {
            const excluded = if (polling) liburing.setup.defer_taskrun | liburing.setup.coop_taskrun else 0;
            use.* = disabled & flag.feature == 0 and excluded & flag.setup == 0;
        }
        if (!usable[1]) usable[0] = false;
        var given_up: usize = 0;
        while (true) {
            var params = liburing.Params{
                .cq_entries = completion_entries,
                .flags = liburing.setup.cqsize | liburing.setup.clamp,
                .sq_thread_idle = @intCast(@max(0, options[@intFromEnum(abi.Option.submission_queue_idle_ms)])),
            };
            if (polling) params.flags |= liburing.setup.sqpoll;
            ring.features = if (polling) abi.Feature.submission_queue_polling else 0;
            for (wanted, usable) |flag, use| {
                if (!use) continue;
                params.flags |= flag.setup;
                ring.features |= flag.feature;
            }
            const opened = liburing.io_uring_queue_init_params(submission_entries, &ring.uring, &params);
            if (opened >= 0) return 0;
            if (opened != system.errno(.INVAL)) return opened;
            while (given_up < wanted.len and !usable[given_up]) given_up += 1;
            if (given_up == wanted.len) return opened;
            usable[given_up] = false;
        }
    }

    fn detectFeatures(ring: *Ring, disabled: u32) void {
        const uring = &ring.uring;
        // Entries are used in order, so the indirection through the array is set up once.
        if (uring.sq.array) |array| {
            for (0..uring.sq.ring_entries) |index| array[index] = @intCast(index);
        }
        if (uring.features & liburing.feature.nodrop != 0) ring.features |= abi.Feature.no_drop;
        if (uring.features & liburing.feature.ext_arg != 0) ring.features |= abi.Feature.wait_timeout;
        if (uring.features & liburing.feature.cqe_skip != 0) ring.features |= abi.Feature.skip_success;
        if (uring.features & liburing.feature.recvsend_bundle != 0) ring.features |= abi.Feature.bundles;
        if (uring.features & liburing.feature.min_timeout != 0) ring.features |= abi.Feature.minimum_wait;

        var probe: liburing.Probe = std.mem.zeroes(liburing.Probe);
        if (liburing.io_uring_register_probe(uring, &probe, 256) >= 0) {
            // Flags of accept and receive can't be probed; the operations of the same release can.
            if (supports(&probe, liburing.op.socket)) {
                ring.features |= abi.Feature.multishot_accept | abi.Feature.poll_first;
            }
            if (supports(&probe, liburing.op.send_zc)) {
                ring.features |= abi.Feature.multishot_receive | abi.Feature.zero_copy_send;
            }
        }
        if (disabled & abi.Feature.registered_ring == 0 and liburing.io_uring_register_ring_fd(uring) == 1) {
            ring.features |= abi.Feature.registered_ring;
        }
        ring.features &= ~disabled;
    }

    /// Tried, as nothing tells: a kernel without the limit refuses the field, one with it only the descriptor.
    fn takesMultishotLimit(ring: *Ring) bool {
        if (ring.features & abi.Feature.submission_queue_polling != 0) return false;
        const sq = &ring.uring.sq;
        const sqe = &sq.sqes[sq.sqe_tail & sq.ring_mask];
        sqe.* = std.mem.zeroes(liburing.Sqe);
        sqe.opcode = liburing.op.recv;
        sqe.flags = liburing.sqe_flag.buffer_select;
        sqe.ioprio = liburing.ioprio.recv_multishot;
        sqe.fd = -1;
        sqe.file_index = 1;
        sq.sqe_tail +%= 1;
        _ = ring.systemEnter(1, probe_wait_us);
        ring.header.enters = 0;
        const cq = &ring.uring.cq;
        if (ring.completionsReady() != 1) return false;
        const head = cq.khead.*;
        const result = cq.cqes[head & cq.ring_mask].res;
        @atomicStore(u32, cq.khead, head +% 1, .release);
        return result == system.errno(.BADF);
    }

    const probe_wait_us = 1_000_000;

    pub fn isOwner(ring: *const Ring) bool {
        return @atomicLoad(usize, &ring.owner, .monotonic) == system.threadIdentity();
    }

    /// Close the ring and every descriptor it still owns, with nobody in a call of it. What TypeScript sees stays
    /// mapped for good, as zero pages: a view that somebody kept reads zeros instead of crashing the process.
    pub fn close(ring: *Ring) void {
        if (ring.owner_number == system.threadNumber()) {
            _ = ring.systemEnter(0, 0);
            var everything = liburing.SyncCancelReg{
                .flags = liburing.cancel_any,
                .timeout = .{ .sec = 1, .nsec = 0 },
            };
            _ = liburing.io_uring_register_sync_cancel(&ring.uring, &everything);
            ring.closeUnread();
            // What did not fit into the queue comes in portions.
            var portions: u32 = 0;
            while (ring.hasOverflow() and portions < overflow_portions) : (portions += 1) {
                _ = ring.kernelEnter(0, 0, 0, 0);
                ring.closeUnread();
            }
        } else {
            // The owner's registration of the ring ended with its thread, and the index may be
            // in use by a ring of this thread.
            ring.uring.int_flags &= ~liburing.int_flag_registered_ring;
            ring.closeUnread();
        }
        if (ring.features & abi.Feature.submission_queue_polling == 0) ring.closeUnsubmitted();
        liburing.io_uring_queue_exit(&ring.uring);
        ring.descriptors.closeAll();
        ring.descriptors.deinit();
        if (ring.event_descriptor >= 0) _ = system.close(ring.event_descriptor);
        system.unmap(@ptrCast(ring.attachments), ring.attachments_bytes);
        system.unmap(@ptrCast(ring.early), earlyBytes(ring));
        system.discard(@ptrCast(ring.header), areaBytes(ring, .commands));
        system.discard(@ptrCast(ring.completions), areaBytes(ring, .completions));
        system.discard(ring.buffers.arena, ring.buffers.arena_bytes);
        if (ring.operations.len > 0) system.discard(ring.operations.ptr, ring.operations.len);
        ring.buffers.deinit();
    }

    const overflow_portions = 1 << 16;

    /// Connections that were accepted and files that were opened, in completions that nobody will read.
    fn closeUnread(ring: *Ring) void {
        const cq = &ring.uring.cq;
        const head = cq.khead.*;
        const count = ring.completionsReady();
        for (0..count) |index| {
            const cqe = &cq.cqes[(head +% @as(u32, @intCast(index))) & cq.ring_mask];
            if (bringsDescriptor(cqe)) _ = system.close(cqe.res);
        }
        @atomicStore(u32, cq.khead, head +% count, .release);
    }

    /// Descriptors that were to be closed and don't count as the ring's any more.
    fn closeUnsubmitted(ring: *Ring) void {
        const sq = &ring.uring.sq;
        var index = @atomicLoad(u32, sq.khead, .acquire);
        while (index != sq.sqe_tail) : (index +%= 1) {
            const sqe = &sq.sqes[index & sq.ring_mask];
            if (sqe.opcode == liburing.op.close) _ = system.close(sqe.fd);
        }
    }

    pub fn areaAddress(ring: *const Ring, area: abi.Area) usize {
        return switch (area) {
            .commands => @intFromPtr(ring.header),
            .completions => @intFromPtr(ring.completions),
            .arena => @intFromPtr(ring.buffers.arena),
            .operations => if (ring.operations.len > 0) @intFromPtr(ring.operations.ptr) else 0,
        };
    }

    pub fn areaBytes(ring: *const Ring, area: abi.Area) usize {
        return switch (area) {
            .commands => @sizeOf(abi.Header) + @as(usize, ring.command_capacity) * @sizeOf(abi.Command),
            .completions => @as(usize, ring.completion_capacity) * @sizeOf(abi.Completion),
            .arena => ring.buffers.arena_bytes,
            .operations => ring.operations.len,
        };
    }

    /// Map the memory of the operations that are no connection's. 0 or a negative errno.
    pub fn openOperations(ring: *Ring, bytes: u32) i32 {
        if (bytes == 0 or bytes > operations_limit) return system.errno(.INVAL);
        if (ring.operations.len > 0) return system.errno(.ALREADY);
        const memory = system.map(bytes) orelse return system.errno(.NOMEM);
        ring.operations = memory[0..bytes];
        return 0;
    }

    const operations_limit = 1 << 30;

    /// A place in the memory of operations, if there is one of that offset and length.
    pub fn operationBytes(ring: *const Ring, offset: u32, length: u32) ?[]u8 {
        const bytes = ring.operations;
        if (offset > bytes.len or length > bytes.len - offset) return null;
        return bytes[offset..][0..length];
    }

    /// One completion per command at the most, and room for a turn's worth of those not read yet.
    fn earlyCapacity(ring: *const Ring) u32 {
        return ring.command_capacity * 2;
    }

    fn earlyBytes(ring: *const Ring) usize {
        return @as(usize, ring.earlyCapacity()) * @sizeOf(abi.Completion);
    }

    /// Run `count` commands and submit, without waiting and without reading completions: the command
    /// queue was full in the middle of a turn. How many commands are left over, or a negative errno.
    pub fn submit(ring: *Ring, count: u32) i32 {
        if (count > ring.command_capacity) return ring.refuseAll();
        ring.header.leftover = ring.runCommands(count);
        ring.buffers.publish();
        const entered = ring.systemEnter(0, 0);
        return if (entered == .failed) entered.failed else @intCast(ring.header.leftover);
    }

    /// Run `count` commands, submit, wait for `minimum` completions or `timeout_us` (negative: no
    /// limit), copy completions out. The number of completions, or a negative errno.
    pub fn enter(ring: *Ring, count: u32, minimum: u32, timeout_us: i32) i32 {
        if (count > ring.command_capacity) return ring.refuseAll();
        const leftover = ring.runCommands(count);
        ring.header.leftover = leftover;
        ring.buffers.publish();

        const ready = ring.early_count +| ring.completionsReady();
        const waits = timeout_us != 0 and leftover == 0 and ready < minimum;
        var entered = ring.systemEnter(if (waits) minimum - ring.early_count else 0, timeout_us);
        if (entered == .kept or leftover > 0) {
            // The kernel takes nothing more for now. A short wait for what it has keeps this from spinning.
            if (ring.early_count == 0 and ring.completionsReady() == 0) entered = ring.systemEnter(1, busy_wait_us);
        }
        ring.header.now_ms = clock.nowMs();
        if (entered == .failed and ring.early_count == 0) return entered.failed;
        return @intCast(ring.copyCompletions());
    }

    fn refuseAll(ring: *Ring) i32 {
        ring.header.leftover = 0;
        return system.errno(.INVAL);
    }

    /// How many commands at the end of the queue have to wait; they are moved to its start.
    fn runCommands(ring: *Ring, total: u32) u32 {
        var next: u32 = 0;
        while (next < total) {
            // Every command may make one completion of its own, and there must be room for it.
            if (ring.early_count == ring.earlyCapacity()) break;
            const command = &ring.commands[next];
            const span = @as(u64, command.continuation) + 1;
            if (span > total - next) {
                // The length of the queue and of its last command disagree: nothing behind it can be trusted.
                ring.refuse(command, system.errno(.INVAL));
                return 0;
            }
            switch (prepare.command(ring, command)) {
                .done => next += @intCast(span),
                .full => if (!ring.makeRoom()) break,
            }
        }
        const rest = total - next;
        std.mem.copyForwards(abi.Command, ring.commands[0..rest], ring.commands[next..total]);
        return rest;
    }

    /// The submission queue is full: submit early. False if nothing moved.
    fn makeRoom(ring: *Ring) bool {
        ring.header.submission_queue_full +%= 1;
        if (ring.features & abi.Feature.submission_queue_polling == 0) {
            _ = ring.systemEnter(0, 0);
        } else {
            // The polling thread empties the queue in its own time. Work that the kernel has for this
            // thread ends the wait for it early, like a signal.
            for (0..queue_wait_tries) |_| {
                _ = ring.kernelEnter(ring.publishEntries(), 0, 0, liburing.enter_flag.sq_wait);
                if (ring.submissionRoom() > 0) break;
            }
        }
        return ring.submissionRoom() > 0;
    }

    const busy_wait_us = 1000;
    const queue_wait_tries = 8;
    const Entered = union(enum) {
        ok,
        /// Some entries were not taken and stay in the submission queue.
        kept,
        failed: i32,
    };

    fn systemEnter(ring: *Ring, minimum: u32, timeout_us: i32) Entered {
        return ring.kernelEnter(ring.publishEntries(), minimum, timeout_us, 0);
    }

    /// Show the kernel the entries that were filled in. How many it has not taken yet.
    fn publishEntries(ring: *Ring) u32 {
        const sq = &ring.uring.sq;
        @atomicStore(u32, sq.ktail, sq.sqe_tail, .release);
        return sq.sqe_tail -% @atomicLoad(u32, sq.khead, .acquire);
    }

    fn kernelEnter(ring: *Ring, pending: u32, minimum: u32, timeout_us: i32, more_flags: u32) Entered {
        const sq = &ring.uring.sq;
        // GETEVENTS also when not waiting: it runs deferred task work and flushes overflowed completions.
        var flags: u32 = liburing.enter_flag.getevents | more_flags;
        // Or a thread that waits for its clients would count as one that waits for a disk.
        if (ring.uring.features & liburing.feature.no_iowait != 0) flags |= liburing.enter_flag.no_iowait;
        if (ring.features & abi.Feature.registered_ring != 0) flags |= liburing.enter_flag.registered_ring;
        if (ring.features & abi.Feature.submission_queue_polling != 0) {
            // The new tail must be visible before the flag is read, or the polling thread sleeps on.
            _ = @atomicRmw(u32, sq.ktail, .Xchg, sq.sqe_tail, .seq_cst);
            const sleeps = @atomicLoad(u32, sq.kflags, .seq_cst) & liburing.sq_flag.need_wakeup != 0;
            if (sleeps) flags |= liburing.enter_flag.sq_wakeup;
        }
        var timeout: liburing.KernelTimespec = undefined;
        var argument = liburing.GetEventsArg{};
        var argument_pointer: ?*const anyopaque = null;
        var argument_bytes: usize = 8;
        if (minimum > 0 and timeout_us >= 0) {
            timeout = .{
                .sec = @divTrunc(timeout_us, 1_000_000),
                .nsec = @as(i64, @rem(timeout_us, 1_000_000)) * 1000,
            };
            argument.ts = @intFromPtr(&timeout);
            argument_pointer = &argument;
            argument_bytes = @sizeOf(liburing.GetEventsArg);
            flags |= liburing.enter_flag.ext_arg;
        }
        ring.header.enters +%= 1;
        const descriptor: u32 = @bitCast(ring.uring.enter_ring_fd);
        const entered = liburing.io_uring_enter2(descriptor, pending, minimum, flags, argument_pointer, argument_bytes);
        if (entered >= 0) return .ok;
        switch (entered) {
            // A signal or the timeout: back to the runtime, which has its own reasons to run.
            system.errno(.INTR), system.errno(.TIME) => return .ok,
            // No memory for requests now, or completions have to be read first.
            system.errno(.BUSY), system.errno(.AGAIN), system.errno(.NOMEM) => {
                ring.header.busy +%= 1;
                return .kept;
            },
            else => return .{ .failed = entered },
        }
    }

    fn copyCompletions(ring: *Ring) u32 {
        const cq = &ring.uring.cq;
        if (ring.hasOverflow()) ring.header.overflows +%= 1;
        const early = ring.takeEarly();
        const head = cq.khead.*;
        const count = @min(ring.completionsReady(), ring.completion_capacity - early);
        for (0..count) |index| {
            const cqe = &cq.cqes[(head +% @as(u32, @intCast(index))) & cq.ring_mask];
            const completion = &ring.completions[early + index];
            completion.* = .{
                .slot = @truncate(cqe.user_data),
                .generation_operation = @truncate(cqe.user_data >> 32),
                .result = cqe.res,
                .flags = cqe.flags,
            };
            if (cqe.flags & abi.CompletionFlag.buffer != 0) {
                ring.buffers.taken(cqe.flags >> abi.CompletionFlag.buffer_shift);
            }
            if (bringsDescriptor(cqe)) ring.adopt(completion);
        }
        @atomicStore(u32, cq.khead, head +% count, .release);
        return early + count;
    }

    fn takeEarly(ring: *Ring) u32 {
        if (ring.early_count == 0) return 0;
        const count = @min(ring.early_count, ring.completion_capacity);
        @memcpy(ring.completions[0..count], ring.early[0..count]);
        const rest = ring.early[count..ring.early_count];
        std.mem.copyForwards(abi.Completion, ring.early[0..rest.len], rest);
        ring.early_count -= count;
        return count;
    }

    fn adopt(ring: *Ring, completion: *abi.Completion) void {
        if (ring.descriptors.add(completion.result)) return;
        _ = system.close(completion.result);
        completion.result = system.errno(.MFILE);
    }

    /// Have the kernel signal an eventfd for every completion. The eventfd or a negative errno.
    pub fn signalCompletions(ring: *Ring) i32 {
        if (ring.event_descriptor >= 0) return ring.event_descriptor;
        const descriptor = system.eventDescriptor();
        if (descriptor < 0) return descriptor;
        const registered = liburing.io_uring_register_eventfd(&ring.uring, descriptor);
        if (registered < 0) {
            _ = system.close(descriptor);
            return registered;
        }
        ring.event_descriptor = descriptor;
        return descriptor;
    }

    /// Kernels before 5.8 have no flags here, and go on signalling, which is only a waste.
    pub fn muteCompletions(ring: *Ring, muted: bool) void {
        const flags = ring.uring.cq.kflags orelse return;
        @atomicStore(u32, flags, if (muted) liburing.cq_flag.eventfd_disabled else 0, .monotonic);
    }

    /// Take unused buffers back from the kernel, if it can be told which those are.
    pub fn withdrawBuffers(ring: *Ring, group: u32, count: u32, taken_back: [*]i32) i32 {
        if (ring.features & abi.Feature.deferred_task_run == 0) return 0;
        // A completion that was not read yet names a buffer that the kernel has used already.
        if (ring.completionsReady() > 0 or ring.hasOverflow()) return 0;
        return @intCast(ring.buffers.withdraw(group, count, taken_back));
    }

    /// The kernel keeps what did not fit (IORING_FEAT_NODROP) and hands it over once there is room.
    fn hasOverflow(ring: *const Ring) bool {
        return @atomicLoad(u32, ring.uring.sq.kflags, .monotonic) & liburing.sq_flag.cq_overflow != 0;
    }

    fn completionsReady(ring: *const Ring) u32 {
        const cq = &ring.uring.cq;
        return @atomicLoad(u32, cq.ktail, .acquire) -% cq.khead.*;
    }

    fn submissionRoom(ring: *const Ring) u32 {
        const sq = &ring.uring.sq;
        return sq.ring_entries - (sq.sqe_tail -% @atomicLoad(u32, sq.khead, .acquire));
    }

    pub const Entry = struct { sqe: *liburing.Sqe, attachment: *Attachment };

    /// The next free submission queue entry, zeroed, or null when the queue is full.
    pub fn nextEntry(ring: *Ring) ?Entry {
        if (ring.submissionRoom() == 0) return null;
        const sq = &ring.uring.sq;
        const index = sq.sqe_tail & sq.ring_mask;
        sq.sqe_tail +%= 1;
        const sqe = &sq.sqes[index];
        sqe.* = std.mem.zeroes(liburing.Sqe);
        return .{ .sqe = sqe, .attachment = &ring.attachments[index] };
    }

    /// Complete a command here and now. `runCommands` has seen to it that there is room.
    pub fn complete(ring: *Ring, command: *const abi.Command, value: i32) void {
        ring.early[ring.early_count] = .{
            .slot = command.slot,
            .generation_operation = (command.generation & ~@as(u32, 0xff)) | (command.operation & 0xff),
            .result = value,
            .flags = 0,
        };
        ring.early_count += 1;
    }

    pub fn refuse(ring: *Ring, command: *const abi.Command, value: i32) void {
        ring.header.refused +%= 1;
        ring.complete(command, value);
    }
};

fn option(options: [*]i32, name: abi.Option, least: u32, most: u32) ?u32 {
    const value = options[@intFromEnum(name)];
    if (value < least or value > most) return null;
    return @intCast(value);
}

fn bufferSizes(options: [*]i32, count: abi.Option, bytes: abi.Option) Buffers.Sizes {
    return .{
        .count = @bitCast(options[@intFromEnum(count)]),
        .bytes = @bitCast(options[@intFromEnum(bytes)]),
    };
}

/// Is its result a new descriptor?
fn bringsDescriptor(cqe: *const liburing.Cqe) bool {
    const operation: u8 = @truncate(cqe.user_data >> 32);
    return switch (operation) {
        @intFromEnum(abi.Operation.accept), @intFromEnum(abi.Operation.open_file) => cqe.res >= 0,
        else => false,
    };
}

fn supports(probe: *const liburing.Probe, operation: u8) bool {
    return operation <= probe.last_op and probe.ops[operation].flags & liburing.probe_op_supported != 0;
}
