//! A ring as TypeScript sees it, for tests: commands are words in shared memory, and everything goes
//! through the exported functions.

const std = @import("std");
const abi = @import("abi.zig");
const exports = @import("exports.zig");
const system = @import("system.zig");
const linux = std.os.linux;
const testing = std.testing;

pub const BADF = system.errno(.BADF);
pub const INVAL = system.errno(.INVAL);

/// A wait that takes longer than this has failed.
pub const deadline_us = 5_000_000;

pub const Options = struct {
    submission_entries: i32 = 64,
    completion_entries: i32 = 256,
    submission_queue_polling: i32 = 0,
    submission_queue_idle_ms: i32 = 10,
    small_count: i32 = 8,
    small_bytes: i32 = 4096,
    bulk_count: i32 = 0,
    bulk_bytes: i32 = 0,
    write_count: i32 = 4,
    write_bytes: i32 = 4096,
    command_capacity: i32 = 256,
    completion_capacity: i32 = 256,
    disabled_features: u32 = 0,

    pub fn words(options: Options) [@intFromEnum(abi.Option.count)]i32 {
        var result: [@intFromEnum(abi.Option.count)]i32 = @splat(0);
        inline for (@typeInfo(Options).@"struct".fields) |field| {
            result[@intFromEnum(@field(abi.Option, field.name))] = @bitCast(@field(options, field.name));
        }
        return result;
    }
};

/// The stage at which opening with these options fails, and the errno.
pub fn openFailure(options: Options) !struct { stage: abi.OpenStage, errno: i32 } {
    var words = options.words();
    const handle = exports.ringway_ring_open(&words, words.len);
    if (handle >= 0) {
        _ = exports.ringway_ring_close(handle);
        return error.TestExpectedFailure;
    }
    return .{ .stage = @enumFromInt(words[@intFromEnum(abi.Option.failed_stage)]), .errno = handle };
}

pub const Command = struct {
    operation: abi.Operation = .nop,
    flags: u32 = 0,
    descriptor: i32 = -1,
    a: u32 = 0,
    b: u32 = 0,
    c: u32 = 0,
    slot: u32 = abi.no_slot,
    generation: u32 = 0,
};

pub const TestRing = struct {
    handle: i32,
    header: *abi.Header,
    commands: []abi.Command,
    completions: []abi.Completion,
    arena: []u8,
    /// Memory of operations, once it is open.
    operations: []u8 = &.{},
    /// Commands that were queued and not run yet.
    queued: u32 = 0,
    /// Completions that `waitFor` met and did not wait for.
    kept: [64]abi.Completion = undefined,
    kept_count: usize = 0,

    pub fn open(options: Options) !TestRing {
        var words = options.words();
        const handle = exports.ringway_ring_open(&words, words.len);
        if (handle < 0) {
            std.debug.print("stage {d}, errno {d}\n", .{ words[@intFromEnum(abi.Option.failed_stage)], -handle });
            return error.CannotOpen;
        }
        const header: *abi.Header = @ptrFromInt(area(handle, .commands).address);
        const commands: [*]abi.Command = @ptrFromInt(area(handle, .commands).address + @sizeOf(abi.Header));
        const completions: [*]abi.Completion = @ptrFromInt(area(handle, .completions).address);
        const arena: [*]u8 = @ptrFromInt(area(handle, .arena).address);
        return .{
            .handle = handle,
            .header = header,
            .commands = commands[0..@intCast(options.command_capacity)],
            .completions = completions[0..@intCast(options.completion_capacity)],
            .arena = arena[0..area(handle, .arena).bytes],
        };
    }

    fn area(handle: i32, which: abi.Area) struct { address: usize, bytes: usize } {
        return .{
            .address = @intFromFloat(exports.ringway_ring_address(handle, @intFromEnum(which))),
            .bytes = @intFromFloat(exports.ringway_ring_bytes(handle, @intFromEnum(which))),
        };
    }

    pub fn openOperations(ring: *TestRing, bytes: u32) !void {
        try testing.expectEqual(0, exports.ringway_operations_open(ring.handle, bytes));
        const memory: [*]u8 = @ptrFromInt(area(ring.handle, .operations).address);
        ring.operations = memory[0..area(ring.handle, .operations).bytes];
        try testing.expectEqual(bytes, ring.operations.len);
    }

    pub fn close(ring: *TestRing) void {
        if (exports.ringway_ring_close(ring.handle) != 0) @panic("the ring does not close");
    }

    pub fn info(ring: *const TestRing, which: abi.Info) i32 {
        return exports.ringway_ring_info(ring.handle, @intFromEnum(which));
    }

    pub fn has(ring: *const TestRing, feature: u32) bool {
        return @as(u32, @bitCast(ring.info(.features))) & feature != 0;
    }

    pub fn queue(ring: *TestRing, command: Command) void {
        ring.queueWithWords(command, &.{});
    }

    /// Queue a command that continues with these words.
    pub fn queueWithWords(ring: *TestRing, command: Command, words: []const u32) void {
        const records: u32 = @intCast((words.len + abi.command_words - 1) / abi.command_words);
        ring.commands[ring.queued] = .{
            .operation = @intFromEnum(command.operation) | command.flags,
            .descriptor = command.descriptor,
            .a = command.a,
            .b = command.b,
            .c = command.c,
            .continuation = records,
            .slot = command.slot,
            .generation = command.generation << 8,
        };
        const rest = std.mem.bytesAsSlice(u32, std.mem.sliceAsBytes(ring.commands[ring.queued + 1 ..]));
        @memcpy(rest[0..words.len], words);
        ring.queued += 1 + records;
    }

    pub fn queueConnect(ring: *TestRing, descriptor: i32, address: *const Address, slot: u32) void {
        var words: [abi.address_bytes / 4]u32 = @splat(0);
        @memcpy(std.mem.sliceAsBytes(&words)[0..address.length], address.bytes[0..address.length]);
        const command = Command{ .operation = .connect, .descriptor = descriptor, .a = address.length, .slot = slot };
        ring.queueWithWords(command, &words);
    }

    /// One turn. The completions stand until the next one.
    pub fn enter(ring: *TestRing, minimum: u32, timeout_us: i32) ![]const abi.Completion {
        const count = exports.ringway_enter(ring.handle, ring.queued, minimum, timeout_us);
        if (count < 0) {
            std.debug.print("enter: errno {d}\n", .{-count});
            return error.CannotEnter;
        }
        ring.queued = ring.header.leftover;
        return ring.completions[0..@intCast(count)];
    }

    /// Turn until a completion with this slot comes. The others are kept for the next call.
    pub fn waitFor(ring: *TestRing, slot: u32) !abi.Completion {
        const start_ms = exports.ringway_now_ms();
        while (true) {
            for (ring.kept[0..ring.kept_count], 0..) |completion, index| {
                if (completion.slot != slot) continue;
                const rest = ring.kept[index + 1 .. ring.kept_count];
                std.mem.copyForwards(abi.Completion, ring.kept[index..][0..rest.len], rest);
                ring.kept_count -= 1;
                return completion;
            }
            if (exports.ringway_now_ms() - start_ms > deadline_us / 1000) return error.NoCompletion;
            const completions = try ring.enter(1, 100_000);
            if (ring.kept_count + completions.len > ring.kept.len) return error.TooManyCompletions;
            @memcpy(ring.kept[ring.kept_count..][0..completions.len], completions);
            ring.kept_count += completions.len;
        }
    }

    /// The result of this one command.
    pub fn run(ring: *TestRing, command: Command) !i32 {
        ring.queue(command);
        return (try ring.waitFor(command.slot)).result;
    }

    /// Turn until `slots.len` completions have come, and write their slots in order.
    pub fn collect(ring: *TestRing, slots: []u32) !void {
        const start_ms = exports.ringway_now_ms();
        var count: usize = 0;
        while (count < slots.len) {
            if (exports.ringway_now_ms() - start_ms > deadline_us / 1000) return error.NoCompletion;
            for (try ring.enter(1, 100_000)) |completion| {
                if (count == slots.len) return error.TooManyCompletions;
                slots[count] = completion.slot;
                count += 1;
            }
        }
    }

    /// Does nothing more complete?
    pub fn expectQuiet(ring: *TestRing) !void {
        try testing.expectEqual(0, (try ring.enter(0, 0)).len);
    }

    /// Provide all buffers of the small and the bulk group.
    pub fn provideAll(ring: *TestRing, count: u32) !void {
        for (0..count) |buffer| ring.queue(.{ .operation = .provide, .a = @intCast(buffer) });
        try ring.expectQuiet();
    }

    pub fn openSocket(ring: *TestRing) !i32 {
        const descriptor = exports.ringway_socket_open(ring.handle, linux.AF.INET);
        try testing.expect(descriptor >= 0);
        return descriptor;
    }

    /// Both ends of a connection over loopback, owned by the ring: the one that connected and the one accepted.
    pub fn connectPair(ring: *TestRing) ![2]i32 {
        var listener = try Listener.open();
        defer listener.close();
        return ring.connectTo(&listener);
    }

    pub fn connectTo(ring: *TestRing, listener: *const Listener) ![2]i32 {
        const accept_slot = 0x4000_0001;
        const connect_slot = 0x4000_0002;
        const cancel_slot = 0x4000_0003;
        const connecting = try ring.openSocket();
        ring.queue(.{ .operation = .accept, .descriptor = listener.descriptor, .slot = accept_slot });
        ring.queueConnect(connecting, &listener.address, connect_slot);
        const accepted = (try ring.waitFor(accept_slot)).result;
        try testing.expect(accepted >= 0);
        // Else the listener would live on in the kernel.
        const accept = @intFromEnum(abi.Operation.accept);
        ring.queue(.{ .operation = .cancel, .a = accept_slot, .b = accept, .slot = cancel_slot });
        _ = try ring.enter(0, 0);
        return .{ connecting, accepted };
    }

    /// Bytes of the arena that no group provides.
    pub fn writeOffset(ring: *const TestRing) u32 {
        return @intCast(ring.info(.write_offset));
    }
};

pub const Address = struct {
    bytes: [abi.address_bytes]u8 = @splat(0),
    length: u32,

    /// 127.0.0.1 and a port; 0: any free one.
    pub fn loopback(port: u16) Address {
        var address = Address{ .length = 16 };
        std.mem.writeInt(u16, address.bytes[0..2], linux.AF.INET, .little);
        std.mem.writeInt(u16, address.bytes[2..4], port, .big);
        address.bytes[4..8].* = .{ 127, 0, 0, 1 };
        return address;
    }

    /// ::1 and a port.
    pub fn loopback6(port: u16) Address {
        var address = Address{ .length = 28 };
        std.mem.writeInt(u16, address.bytes[0..2], linux.AF.INET6, .little);
        std.mem.writeInt(u16, address.bytes[2..4], port, .big);
        address.bytes[23] = 1;
        return address;
    }

    pub fn ofSocket(descriptor: i32, is_peer: bool) !Address {
        var address = Address{ .length = 0 };
        const peer = @intFromBool(is_peer);
        const length = exports.ringway_socket_name(descriptor, peer, &address.bytes, address.bytes.len);
        if (length < 0) return error.NoName;
        address.length = @intCast(length);
        return address;
    }
};

pub const Listener = struct {
    descriptor: i32,
    address: Address,

    pub fn open() !Listener {
        const wanted = Address.loopback(0);
        const descriptor = exports.ringway_socket_listen(&wanted.bytes, wanted.length, 16, 0);
        try testing.expect(descriptor >= 0);
        return .{ .descriptor = descriptor, .address = try Address.ofSocket(descriptor, false) };
    }

    pub fn close(listener: *Listener) void {
        if (exports.ringway_socket_close(listener.descriptor) != 0) @panic("the listener does not close");
    }

    /// A connection to it that no ring owns, made by plain system calls.
    pub fn connectPlain(listener: *const Listener) !i32 {
        const descriptor = system.socket(linux.AF.INET, linux.SOCK.STREAM | linux.SOCK.CLOEXEC);
        try testing.expect(descriptor >= 0);
        const address = &listener.address;
        const bytes = @intFromPtr(&address.bytes);
        const connected = linux.syscall3(.connect, system.word(descriptor), bytes, address.length);
        try testing.expect(!system.failed(connected));
        return descriptor;
    }
};

/// Is the number an open descriptor of this process?
pub fn isOpen(descriptor: i32) bool {
    const F_GETFD = 1;
    return !system.failed(linux.syscall2(.fcntl, system.word(descriptor), F_GETFD));
}

/// What a blocking read(2) returns: a count, 0 at the end, or a negative errno.
pub fn readPlain(descriptor: i32, buffer: []u8) !i32 {
    try testing.expectEqual(1, exports.ringway_wait_readable(descriptor, deadline_us / 1000));
    return system.result(linux.syscall3(.read, system.word(descriptor), @intFromPtr(buffer.ptr), buffer.len));
}

/// Run a function in a thread of its own, and return what it returns.
pub fn inThread(comptime function: anytype, arguments: anytype) !void {
    const Body = struct {
        fn run(passed: @TypeOf(arguments), failure: *?anyerror) void {
            @call(.auto, function, passed) catch |caught| {
                failure.* = caught;
            };
        }
    };
    var failure: ?anyerror = null;
    const thread = try std.Thread.spawn(.{}, Body.run, .{ arguments, &failure });
    thread.join();
    if (failure) |caught| return caught;
}
