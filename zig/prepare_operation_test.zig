//! The operations that are no connection's, on real files and datagrams, and every way in which they can be wrong.

const std = @import("std");
const abi = @import("abi.zig");
const exports = @import("exports.zig");
const harness = @import("harness.zig");
const system = @import("system.zig");
const Address = harness.Address;
const TestRing = harness.TestRing;
const Flag = abi.OpenFlag;
const linux = std.os.linux;
const testing = std.testing;

const slot = 7;
/// Where tests put addresses: behind the bytes.
const address_offset = 4096;
const memory_bytes = 8192;
const O_CLOEXEC = 0o2000000;
const POLLIN = 1;
const POLLOUT = 4;

fn opened() !TestRing {
    var ring = try TestRing.open(.{});
    errdefer ring.close();
    try ring.openOperations(memory_bytes);
    return ring;
}

/// A folder of its own for a test.
const Folder = struct {
    directory: testing.TmpDir,
    buffer: [256]u8 = undefined,

    fn make() Folder {
        return .{ .directory = testing.tmpDir(.{}) };
    }

    fn remove(folder: *Folder) void {
        folder.directory.cleanup();
    }

    fn path(folder: *Folder, name: []const u8) ![]const u8 {
        // Where std.testing.tmpDir makes it, from the folder in which the tests run.
        return std.fmt.bufPrint(&folder.buffer, ".zig-cache/tmp/{s}/{s}", .{ folder.directory.sub_path, name });
    }
};

fn put(ring: *TestRing, text: []const u8) u32 {
    @memcpy(ring.operations[0..text.len], text);
    ring.operations[text.len] = 0;
    return @intCast(text.len);
}

fn open(ring: *TestRing, path: []const u8, flags: u32) !i32 {
    const length = put(ring, path) + 1;
    ring.queueWithWords(.{ .operation = .open_file, .b = length, .c = flags, .slot = slot }, &.{0o640});
    return (try ring.waitFor(slot)).result;
}

fn transfer(ring: *TestRing, operation: abi.Operation, descriptor: i32, length: u32, position: u64) !i32 {
    const words = [_]u32{ @truncate(position), @truncate(position >> 32) };
    ring.queueWithWords(.{ .operation = operation, .descriptor = descriptor, .b = length, .slot = slot }, &words);
    return (try ring.waitFor(slot)).result;
}

test "a file is made, written, synchronized, measured, read and closed" {
    var ring = try opened();
    defer ring.close();
    var folder = Folder.make();
    defer folder.remove();
    const file = try open(&ring, try folder.path("file"), Flag.read | Flag.write | Flag.create | Flag.exclusive);
    try testing.expect(file >= 0);
    try testing.expectEqual(1, ring.info(.open_descriptors));
    try testing.expectEqual(5, try transfer(&ring, .write_file, file, put(&ring, "hello"), 3));
    for ([_]u32{ 0, 1 }) |data_only| {
        const sync = harness.Command{ .operation = .sync_file, .descriptor = file, .a = data_only, .slot = slot };
        try testing.expectEqual(0, try ring.run(sync));
    }
    const status = harness.Command{ .operation = .file_status, .descriptor = file, .a = 512, .slot = slot };
    try testing.expectEqual(0, try ring.run(status));
    // stx_mode and stx_size of struct statx.
    const mode = std.mem.readInt(u16, ring.operations[512 + 28 ..][0..2], .little);
    try testing.expectEqual(0o100000, mode & 0o170000);
    try testing.expectEqual(0, mode & 0o007);
    try testing.expectEqual(8, std.mem.readInt(u64, ring.operations[512 + 40 ..][0..8], .little));
    @memset(ring.operations[0..16], 0xaa);
    try testing.expectEqual(8, try transfer(&ring, .read_file, file, 16, 0));
    try testing.expectEqualStrings("\x00\x00\x00hello", ring.operations[0..8]);
    try testing.expectEqual(0, try transfer(&ring, .read_file, file, 16, 8));
    const close = harness.Command{ .operation = .close_file, .descriptor = file, .slot = slot };
    try testing.expectEqual(0, try ring.run(close));
    try testing.expect(!harness.isOpen(file));
    try testing.expectEqual(0, ring.info(.open_descriptors));
    try testing.expectEqual(harness.BADF, try ring.run(close));
}

test "a position may be beyond 32 bits" {
    var ring = try opened();
    defer ring.close();
    var folder = Folder.make();
    defer folder.remove();
    const file = try open(&ring, try folder.path("sparse"), Flag.read | Flag.write | Flag.create);
    const position = (5 << 32) + 17;
    try testing.expectEqual(3, try transfer(&ring, .write_file, file, put(&ring, "far"), position));
    try testing.expectEqual(3, try transfer(&ring, .read_file, file, 10, position));
    try testing.expectEqualStrings("far", ring.operations[0..3]);
}

test "each flag of opening does what it says" {
    var ring = try opened();
    defer ring.close();
    var folder = Folder.make();
    defer folder.remove();
    const path = try folder.path("file");
    try testing.expectEqual(system.errno(.NOENT), try open(&ring, path, Flag.read));
    const file = try open(&ring, path, Flag.write | Flag.create);
    try testing.expectEqual(3, try transfer(&ring, .write_file, file, put(&ring, "abc"), 0));
    try testing.expectEqual(harness.BADF, try transfer(&ring, .read_file, file, 3, 0));
    const exclusive = Flag.write | Flag.create | Flag.exclusive;
    try testing.expectEqual(system.errno(.EXIST), try open(&ring, path, exclusive));
    const appending = try open(&ring, path, Flag.write | Flag.append);
    try testing.expectEqual(1, try transfer(&ring, .write_file, appending, put(&ring, "d"), 0));
    const reading = try open(&ring, path, Flag.read);
    try testing.expectEqual(4, try transfer(&ring, .read_file, reading, 10, 0));
    try testing.expectEqualStrings("abcd", ring.operations[0..4]);
    try testing.expectEqual(harness.BADF, try transfer(&ring, .write_file, reading, 1, 0));
    _ = try open(&ring, path, Flag.write | Flag.truncate);
    try testing.expectEqual(0, try transfer(&ring, .read_file, reading, 10, 0));
}

test "a link is not followed if that is asked for" {
    var ring = try opened();
    defer ring.close();
    const link = "/proc/self/exe";
    try testing.expectEqual(system.errno(.LOOP), try open(&ring, link, Flag.read | Flag.no_follow));
    try testing.expect(try open(&ring, link, Flag.read) >= 0);
}

test "files and datagram sockets are closed with the ring" {
    var ring = try opened();
    const file = try open(&ring, "/dev/null", Flag.read);
    const address = Address.loopback(0);
    const socket = exports.ringway_datagram_open(ring.handle, &address.bytes, address.length, 0);
    try testing.expect(file >= 0 and socket >= 0);
    try testing.expectEqual(2, ring.info(.open_descriptors));
    ring.close();
    try testing.expect(!harness.isOpen(file) and !harness.isOpen(socket));
}

test "a file whose opening nobody was told of is closed with the ring" {
    var ring = try opened();
    const event = exports.ringway_ring_event(ring.handle);
    try testing.expect(event >= 0);
    var pipe: [2]i32 = undefined;
    try testing.expect(!system.failed(linux.syscall2(.pipe2, @intFromPtr(&pipe), O_CLOEXEC)));
    defer _ = system.close(pipe[0]);
    // Opens the pipe once more, so that its reader can tell when all that write are gone.
    var buffer: [32]u8 = undefined;
    const path = try std.fmt.bufPrint(&buffer, "/proc/self/fd/{d}", .{pipe[1]});
    const length = put(&ring, path) + 1;
    ring.queueWithWords(.{ .operation = .open_file, .b = length, .c = Flag.write, .slot = slot }, &.{0});
    try testing.expectEqual(0, exports.ringway_submit(ring.handle, ring.queued));
    try testing.expectEqual(1, exports.ringway_wait_readable(event, harness.deadline_us / 1000));
    _ = system.close(pipe[1]);
    ring.close();
    try testing.expectEqual(0, try harness.readPlain(pipe[0], &buffer));
}

const Datagrams = struct {
    ring: TestRing,
    sockets: [2]i32,
    addresses: [2]Address,

    fn open(wanted: Address) !Datagrams {
        var datagrams = Datagrams{ .ring = try opened(), .sockets = undefined, .addresses = undefined };
        errdefer datagrams.ring.close();
        for (&datagrams.sockets, &datagrams.addresses) |*socket, *address| {
            socket.* = exports.ringway_datagram_open(datagrams.ring.handle, &wanted.bytes, wanted.length, 0);
            try testing.expect(socket.* >= 0);
            address.* = try Address.ofSocket(socket.*, false);
        }
        return datagrams;
    }

    fn send(datagrams: *Datagrams, text: []const u8) !i32 {
        const ring = &datagrams.ring;
        const length = put(ring, text);
        @memcpy(ring.operations[address_offset..][0..abi.address_bytes], &datagrams.addresses[1].bytes);
        return ring.run(.{
            .operation = .send_datagram,
            .descriptor = datagrams.sockets[0],
            .b = length,
            .c = address_offset,
            .slot = slot,
        });
    }

    fn receive(datagrams: *Datagrams, length: u32) !i32 {
        @memset(datagrams.ring.operations[0..4096], 0xaa);
        return datagrams.ring.run(.{
            .operation = .receive_datagram,
            .descriptor = datagrams.sockets[1],
            .b = length,
            .c = address_offset,
            .slot = slot,
        });
    }
};

test "a datagram arrives with the address of its sender, over IPv4 and IPv6" {
    for ([_]Address{ Address.loopback(0), Address.loopback6(0) }) |wanted| {
        var datagrams = try Datagrams.open(wanted);
        defer datagrams.ring.close();
        try testing.expectEqual(system.errno(.AGAIN), try datagrams.receive(100));
        try testing.expectEqual(5, try datagrams.send("hello"));
        try testing.expectEqual(5, try datagrams.receive(100));
        const memory = datagrams.ring.operations;
        try testing.expectEqualStrings("hello", memory[0..5]);
        const sender = &datagrams.addresses[0];
        try testing.expectEqualSlices(u8, sender.bytes[0..sender.length], memory[address_offset..][0..sender.length]);
    }
}

test "a datagram may be empty, and one that is too long for its place says how long it is" {
    var datagrams = try Datagrams.open(Address.loopback(0));
    defer datagrams.ring.close();
    try testing.expectEqual(0, try datagrams.send(""));
    try testing.expectEqual(0, try datagrams.receive(100));
    try testing.expectEqual(9, try datagrams.send("too long!"));
    try testing.expectEqual(9, try datagrams.receive(3));
    try testing.expectEqualStrings("too\xaa", datagrams.ring.operations[0..4]);
}

test "datagram sockets share an address only if they ask for it" {
    var ring = try opened();
    defer ring.close();
    const handle = ring.handle;
    const any = Address.loopback(0);
    const first = exports.ringway_datagram_open(handle, &any.bytes, any.length, abi.ListenFlag.reuse_port);
    const taken = try Address.ofSocket(first, false);
    const second = exports.ringway_datagram_open(handle, &taken.bytes, taken.length, abi.ListenFlag.reuse_port);
    try testing.expect(second >= 0);
    const third = exports.ringway_datagram_open(handle, &taken.bytes, taken.length, 0);
    try testing.expectEqual(system.errno(.ADDRINUSE), third);
    try testing.expectEqual(2, ring.info(.open_descriptors));
}

test "addresses, families and flags that a datagram socket can't have are refused" {
    var ring = try opened();
    defer ring.close();
    var address = Address.loopback(0);
    const bytes = &address.bytes;
    for ([_]u32{ 0, 1, abi.address_bytes + 1, std.math.maxInt(u32) }) |length| {
        try testing.expectEqual(harness.INVAL, exports.ringway_datagram_open(ring.handle, bytes, length, 0));
    }
    try testing.expectEqual(harness.INVAL, exports.ringway_datagram_open(ring.handle, null, 16, 0));
    try testing.expectEqual(harness.INVAL, exports.ringway_datagram_open(ring.handle, bytes, 16, abi.ListenFlag.probe));
    try testing.expectEqual(harness.BADF, exports.ringway_datagram_open(-1, bytes, 16, 0));
    for ([_]u8{ 0, linux.AF.UNIX, linux.AF.NETLINK, 250 }) |family| {
        bytes[0] = family;
        const refused = exports.ringway_datagram_open(ring.handle, bytes, 16, 0);
        try testing.expectEqual(system.errno(.AFNOSUPPORT), refused);
    }
    try testing.expectEqual(0, ring.info(.open_descriptors));
}

test "a poll completes once, also on a descriptor of somebody else, and can be cancelled" {
    var ring = try opened();
    defer ring.close();
    const event = system.eventDescriptor();
    defer _ = system.close(event);
    const poll = harness.Command{ .operation = .poll_once, .descriptor = event, .a = POLLIN, .slot = slot };
    ring.queue(poll);
    try ring.expectQuiet();
    try testing.expect(system.signalEvent(event) > 0);
    try testing.expectEqual(POLLIN, (try ring.waitFor(slot)).result);
    try ring.expectQuiet();
    system.drainEvent(event);
    ring.queue(poll);
    ring.queue(.{ .operation = .cancel, .a = slot, .b = @intFromEnum(abi.Operation.poll_once) });
    try testing.expectEqual(system.errno(.CANCELED), (try ring.waitFor(slot)).result);
    const writable = harness.Command{ .operation = .poll_once, .descriptor = event, .a = POLLOUT, .slot = slot };
    try testing.expectEqual(POLLOUT, try ring.run(writable));
    try testing.expectEqual(harness.BADF, try ring.run(.{ .operation = .poll_once, .descriptor = -1, .slot = slot }));
}

test "a delay completes when its time is over, and can be cancelled" {
    var ring = try opened();
    defer ring.close();
    const before_ms = exports.ringway_now_ms();
    try testing.expectEqual(system.errno(.TIME), try ring.run(.{ .operation = .delay, .b = 5_000_000, .slot = slot }));
    try testing.expect(exports.ringway_now_ms() - before_ms >= 5);
    ring.queue(.{ .operation = .delay, .a = std.math.maxInt(u32), .b = 999_999_999, .slot = slot, .generation = 3 });
    ring.queue(.{ .operation = .cancel, .a = slot, .b = 3 << 8 | @as(u32, @intFromEnum(abi.Operation.delay)) });
    try testing.expectEqual(system.errno(.CANCELED), (try ring.waitFor(slot)).result);
}

test "the memory of operations is opened once, by the owner, in a size that there can be" {
    var ring = try TestRing.open(.{});
    defer ring.close();
    const area = @intFromEnum(abi.Area.operations);
    try testing.expectEqual(0, exports.ringway_ring_address(ring.handle, area));
    try testing.expectEqual(0, exports.ringway_ring_bytes(ring.handle, area));
    for ([_]u32{ 0, (1 << 30) + 1, std.math.maxInt(u32) }) |bytes| {
        try testing.expectEqual(harness.INVAL, exports.ringway_operations_open(ring.handle, bytes));
    }
    try harness.inThread(openElsewhere, .{ring.handle});
    try ring.openOperations(memory_bytes);
    try testing.expectEqual(system.errno(.ALREADY), exports.ringway_operations_open(ring.handle, memory_bytes));
    try testing.expectEqual(0, exports.ringway_ring_address(ring.handle, area + 1));
}

fn openElsewhere(handle: i32) !void {
    try testing.expectEqual(system.errno(.PERM), exports.ringway_operations_open(handle, memory_bytes));
}

test "the memory of operations outlives its ring, as zeros" {
    var ring = try opened();
    const memory = ring.operations;
    memory[5] = 1;
    ring.close();
    try testing.expectEqual(0, memory[5]);
}

/// Run a wrong command: it completes with this errno and counts as refused.
fn expectRefused(ring: *TestRing, errno: i32, command: harness.Command, words: []const u32) !void {
    const refused = ring.header.refused;
    var numbered = command;
    numbered.slot = slot;
    ring.queueWithWords(numbered, words);
    const completion = try ring.waitFor(slot);
    try testing.expectEqual(errno, completion.result);
    try testing.expectEqual(refused + 1, ring.header.refused);
}

const with_descriptor = [_]abi.Operation{
    .read_file, .write_file, .sync_file, .file_status, .close_file, .send_datagram, .receive_datagram,
};

const with_place = [_]abi.Operation{ .open_file, .read_file, .write_file, .send_datagram, .receive_datagram };

test "descriptors that the ring does not own are refused" {
    var ring = try opened();
    defer ring.close();
    const foreign = system.eventDescriptor();
    defer _ = system.close(foreign);
    for ([_]i32{ foreign, 0, -1, std.math.minInt(i32), std.math.maxInt(i32) }) |descriptor| {
        for (with_descriptor) |operation| {
            const command = harness.Command{ .operation = operation, .descriptor = descriptor, .b = 1 };
            try expectRefused(&ring, harness.BADF, command, &.{ 0, 0 });
        }
    }
    try testing.expect(harness.isOpen(foreign));
}

test "places outside the memory of operations are refused, and all of them where there is none" {
    var with_memory = try opened();
    defer with_memory.close();
    var without = try TestRing.open(.{});
    defer without.close();
    const places = [_][2]u32{
        .{ memory_bytes, 1 },
        .{ memory_bytes - 1, 2 },
        .{ 0, memory_bytes + 1 },
        .{ std.math.maxInt(u32), 2 },
        .{ 2, std.math.maxInt(u32) },
    };
    for ([_]*TestRing{ &with_memory, &without }) |ring| {
        const socket = try ring.openSocket();
        for (places) |place| {
            for (with_place) |operation| {
                const command = harness.Command{
                    .operation = operation,
                    .descriptor = socket,
                    .a = place[0],
                    .b = place[1],
                    .c = Flag.read,
                };
                try expectRefused(ring, harness.INVAL, command, &.{ 0, 0 });
            }
        }
        for ([_]u32{ memory_bytes - abi.status_bytes + 1, memory_bytes, std.math.maxInt(u32) }) |offset| {
            const command = harness.Command{ .operation = .file_status, .descriptor = socket, .a = offset };
            try expectRefused(ring, harness.INVAL, command, &.{});
        }
        for ([_]abi.Operation{ .send_datagram, .receive_datagram }) |operation| {
            for ([_]u32{ memory_bytes - abi.address_bytes + 1, memory_bytes, std.math.maxInt(u32) }) |offset| {
                const command = harness.Command{ .operation = operation, .descriptor = socket, .b = 1, .c = offset };
                try expectRefused(ring, harness.INVAL, command, &.{});
            }
        }
    }
}

test "commands without the words that continue them, of no bytes, or with impossible words are refused" {
    var ring = try opened();
    defer ring.close();
    const file = try open(&ring, "/dev/null", Flag.read | Flag.write);
    const path_length = put(&ring, "/dev/null") + 1;
    const opening = harness.Command{ .operation = .open_file, .b = path_length, .c = Flag.read };
    try expectRefused(&ring, harness.INVAL, opening, &.{});
    for ([_]u32{ 0, Flag.create, 1 << 7, std.math.maxInt(u32) }) |flags| {
        try expectRefused(&ring, harness.INVAL, .{ .operation = .open_file, .b = path_length, .c = flags }, &.{0});
    }
    // Without the closing zero, or with nothing else.
    for ([_]u32{ 0, 1, path_length - 1, abi.path_bytes + 1 }) |length| {
        try expectRefused(&ring, harness.INVAL, .{ .operation = .open_file, .b = length, .c = Flag.read }, &.{0});
    }
    for ([_]abi.Operation{ .read_file, .write_file }) |operation| {
        const one = harness.Command{ .operation = operation, .descriptor = file, .b = 1 };
        try expectRefused(&ring, harness.INVAL, one, &.{});
        try expectRefused(&ring, harness.INVAL, .{ .operation = operation, .descriptor = file }, &.{ 0, 0 });
        for ([_]u32{ 1 << 31, std.math.maxInt(u32) }) |high| {
            try expectRefused(&ring, harness.INVAL, one, &.{ std.math.maxInt(u32), high });
        }
    }
    try expectRefused(&ring, harness.INVAL, .{ .operation = .sync_file, .descriptor = file, .a = 2 }, &.{});
    try expectRefused(&ring, harness.INVAL, .{ .operation = .delay, .b = 1_000_000_000 }, &.{});
    // An address of no family that can be sent to, as there is only zeros.
    const nowhere = harness.Command{ .operation = .send_datagram, .descriptor = file, .b = 1, .c = address_offset };
    try expectRefused(&ring, harness.INVAL, nowhere, &.{});
    const nothing = harness.Command{ .operation = .receive_datagram, .descriptor = file, .c = address_offset };
    try expectRefused(&ring, harness.INVAL, nothing, &.{});
}
