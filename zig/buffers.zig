//! The arena: all bytes that a ring receives into or sends from, in three groups of equal buffers.
//! Two groups are provided to the kernel through buffer rings (io_uring_register_buf_ring(3)).

const std = @import("std");
const liburing = @import("liburing.zig");
const system = @import("system.zig");

pub const Group = struct {
    first: u32 = 0,
    count: u32 = 0,
    bytes: u32 = 0,
    offset: u32 = 0,
    entries: ?[*]liburing.Buf = null,
    mask: u16 = 0,
    tail: u16 = 0,
    dirty: bool = false,

    fn ringEntries(group: *const Group) u32 {
        var entries: u32 = 1;
        while (entries < group.count) entries *= 2;
        return entries;
    }
};

pub const Buffers = struct {
    arena: [*]u8,
    arena_bytes: u32,
    groups: [3]Group,
    /// One byte per buffer: does the kernel hold it? A buffer provided twice would mix two connections' bytes.
    with_kernel: [*]bool,
    buffer_count: u32,

    /// Provided buffers carry a 16-bit number, and a buffer ring has at most 32,768 entries.
    const buffers_limit = 32768;
    const page_bytes = 4096;

    pub const Sizes = struct { count: u32, bytes: u32 };
    pub const Error = error{ Options, Memory };

    pub fn init(sizes: [3]Sizes) Error!Buffers {
        var groups: [3]Group = .{ .{}, .{}, .{} };
        var offset: u64 = 0;
        var first: u64 = 0;
        for (&groups, sizes) |*group, size| {
            if (size.count > buffers_limit or size.bytes > 1 << 30) return error.Options;
            if (size.count > 0 and size.bytes == 0) return error.Options;
            group.* = .{
                .first = @intCast(first),
                .count = size.count,
                .bytes = size.bytes,
                .offset = @intCast(offset),
            };
            offset += @as(u64, size.count) * size.bytes;
            first += size.count;
            // TypeScript handles offsets as signed 32-bit integers.
            if (offset > std.math.maxInt(i32)) return error.Options;
        }
        if (first == 0 or first > 65536) return error.Options;
        const arena = system.map(@intCast(offset)) orelse return error.Memory;
        errdefer system.unmap(arena, @intCast(offset));
        const with_kernel = system.map(@intCast(first)) orelse return error.Memory;
        return .{
            .arena = arena,
            .arena_bytes = @intCast(offset),
            .groups = groups,
            .with_kernel = @ptrCast(with_kernel),
            .buffer_count = @intCast(first),
        };
    }

    pub fn deinit(buffers: *Buffers) void {
        system.unmap(@ptrCast(buffers.with_kernel), buffers.buffer_count);
        for (&buffers.groups) |*group| {
            if (group.entries) |entries| system.unmap(@ptrCast(entries), group.ringEntries() * @sizeOf(liburing.Buf));
        }
    }

    /// Register the buffer rings, empty. Zero or a negative errno.
    pub fn register(buffers: *Buffers, ring: *liburing.IoUring) i32 {
        for (buffers.groups[0..2], 0..) |*group, number| {
            if (group.count == 0) continue;
            const entries = group.ringEntries();
            const memory = system.map(entries * @sizeOf(liburing.Buf)) orelse return system.errno(.NOMEM);
            group.entries = @ptrCast(@alignCast(memory));
            group.mask = @intCast(entries - 1);
            group.tail = 0;
            var registration = liburing.BufReg{
                .ring_addr = @intFromPtr(memory),
                .ring_entries = entries,
                .bgid = @intCast(number),
            };
            const registered = liburing.io_uring_register_buf_ring(ring, &registration, 0);
            if (registered < 0) return registered;
        }
        return 0;
    }

    /// Put a buffer into its group's ring; visible to the kernel after `publish`.
    pub fn provide(buffers: *Buffers, buffer: u32) bool {
        if (buffer >= buffers.buffer_count or buffers.with_kernel[buffer]) return false;
        const group = buffers.groupOf(buffer);
        const entries = group.entries orelse return false;
        const entry = &entries[group.tail & group.mask];
        entry.addr = @intFromPtr(buffers.address(group, buffer));
        entry.len = group.bytes;
        entry.bid = @intCast(buffer);
        group.tail +%= 1;
        group.dirty = true;
        buffers.with_kernel[buffer] = true;
        return true;
    }

    /// Take back up to `count` buffers of a group that the kernel has not used, the latest first, and
    /// return their memory. Only when the kernel can't be taking one at the same moment: with
    /// DEFER_TASKRUN it takes buffers in this thread's system calls alone. How many there were.
    pub fn withdraw(buffers: *Buffers, group_number: u32, count: u32, taken_back: [*]i32) u32 {
        const group = &buffers.groups[group_number];
        const entries = group.entries orelse return 0;
        var number: u32 = 0;
        while (number < count) : (number += 1) {
            const buffer = entries[(group.tail -% 1) & group.mask].bid;
            if (buffer < group.first or buffer >= group.first + group.count or !buffers.with_kernel[buffer]) break;
            group.tail -%= 1;
            group.dirty = true;
            buffers.with_kernel[buffer] = false;
            _ = buffers.discard(buffer);
            taken_back[number] = buffer;
        }
        buffers.publish();
        return number;
    }

    /// Give the buffer's pages back; it reads as zeros then.
    pub fn discard(buffers: *Buffers, buffer: u32) bool {
        if (buffer >= buffers.buffer_count or buffers.with_kernel[buffer]) return false;
        const group = buffers.groupOf(buffer);
        // The kernel works in pages: a smaller buffer would take its neighbours' bytes along.
        if (group.bytes % page_bytes == 0 and group.offset % page_bytes == 0) {
            system.discard(buffers.address(group, buffer), group.bytes);
        }
        return true;
    }

    fn groupOf(buffers: *Buffers, buffer: u32) *Group {
        for (&buffers.groups) |*group| {
            if (buffer < group.first + group.count) return group;
        }
        unreachable;
    }

    fn address(buffers: *Buffers, group: *const Group, buffer: u32) [*]u8 {
        return buffers.arena + group.offset + @as(usize, buffer - group.first) * group.bytes;
    }

    pub fn publish(buffers: *Buffers) void {
        for (buffers.groups[0..2]) |*group| {
            if (!group.dirty) continue;
            group.dirty = false;
            // The ring's tail overlays the first entry's reserved field (struct io_uring_buf_ring).
            @atomicStore(u16, &group.entries.?[0].resv, group.tail, .release);
        }
    }

    /// The kernel filled this buffer and gave it back.
    pub fn taken(buffers: *Buffers, buffer: u32) void {
        if (buffer < buffers.buffer_count) buffers.with_kernel[buffer] = false;
    }

    pub fn contains(buffers: *const Buffers, offset: u32, length: u32) bool {
        return offset <= buffers.arena_bytes and length <= buffers.arena_bytes - offset;
    }
};
