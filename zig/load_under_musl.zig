//! A program for musl that loads the library named by its argument and uses a ring. A test runs it.

const std = @import("std");
const abi = @import("abi.zig");

const Version = *const fn () callconv(.c) i32;
const Open = *const fn (options: [*]i32, count: u32) callconv(.c) i32;
const Enter = *const fn (handle: i32, count: u32, minimum: u32, timeout_us: i32) callconv(.c) i32;
const Address = *const fn (handle: i32, area: u32) callconv(.c) f64;
const Close = *const fn (handle: i32) callconv(.c) i32;

fn find(comptime Function: type, library: *anyopaque, name: [*:0]const u8) ?Function {
    const symbol = std.c.dlsym(library, name) orelse return null;
    return @ptrCast(@alignCast(symbol));
}

/// Zero if all went well, else the number of the step that failed.
pub export fn main(count: c_int, arguments: [*]const [*:0]const u8) c_int {
    if (count != 2) return 1;
    const library = std.c.dlopen(arguments[1], .{ .NOW = true }) orelse {
        if (std.c.dlerror()) |message| _ = std.c.printf("%s\n", message);
        return 2;
    };
    const version = find(Version, library, "ringway_abi_version") orelse return 3;
    if (version() != abi.version) return 4;
    const open = find(Open, library, "ringway_ring_open") orelse return 3;
    const enter = find(Enter, library, "ringway_enter") orelse return 3;
    const address = find(Address, library, "ringway_ring_address") orelse return 3;
    const close = find(Close, library, "ringway_ring_close") orelse return 3;

    var options: [@intFromEnum(abi.Option.count)]i32 = @splat(0);
    options[@intFromEnum(abi.Option.submission_entries)] = 8;
    options[@intFromEnum(abi.Option.completion_entries)] = 16;
    options[@intFromEnum(abi.Option.small_count)] = 1;
    options[@intFromEnum(abi.Option.small_bytes)] = 4096;
    options[@intFromEnum(abi.Option.command_capacity)] = 8;
    options[@intFromEnum(abi.Option.completion_capacity)] = 8;
    const handle = open(&options, options.len);
    _ = std.c.printf("abi %d, open %d\n", version(), handle);
    // Where io_uring is forbidden, loading is all that can be shown.
    if (handle < 0) return 0;
    const area: usize = @intFromFloat(address(handle, @intFromEnum(abi.Area.commands)));
    const command: *abi.Command = @ptrFromInt(area + @sizeOf(abi.Header));
    command.* = std.mem.zeroes(abi.Command);
    const completed = enter(handle, 1, 1, 5_000_000);
    _ = std.c.printf("enter %d, close %d\n", completed, close(handle));
    return if (completed == 1) 0 else 5;
}
