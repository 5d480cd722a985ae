//! What every program does as a process: read arguments, print, fail, look at the clock. System calls are made
//! directly, as the standard library's interfaces for them differ between the supported compiler versions.

const std = @import("std");
const linux = std.os.linux;

pub const Arguments = []const [*:0]const u8;
pub const Environment = [*:null]const ?[*:0]const u8;

/// How a program is given its arguments differs between the supported compiler versions.
pub fn Main(comptime run: fn (Arguments, Environment) void) type {
    return struct {
        pub const main = if (@hasDecl(std.process, "Init")) withArguments else withoutArguments;

        fn withArguments(init: std.process.Init.Minimal) void {
            run(init.args.vector, init.environ.block.slice.ptr);
        }

        fn withoutArguments() void {
            run(std.os.argv, @ptrCast(std.os.environ.ptr));
        }
    };
}

/// The arguments as whole numbers; ends the program if there are more or fewer than names.
pub fn numbers(comptime names: []const []const u8, arguments: Arguments) [names.len]u64 {
    comptime var usage: []const u8 = "arguments:";
    inline for (names) |name| usage = usage ++ " " ++ name;
    if (arguments.len != names.len + 1) fail("{s}", .{usage});
    var values: [names.len]u64 = undefined;
    for (&values, arguments[1..]) |*value, text| {
        value.* = std.fmt.parseInt(u64, std.mem.span(text), 10) catch fail("{s}; not a number: {s}", .{ usage, text });
    }
    return values;
}

const standard_output = 1;
const standard_error = 2;

/// Print to standard output, at once.
pub fn print(comptime format: []const u8, arguments: anytype) void {
    write(standard_output, format, arguments);
}

/// End the program with a sentence on standard error.
pub fn fail(comptime format: []const u8, arguments: anytype) noreturn {
    write(standard_error, format ++ "\n", arguments);
    linux.exit_group(1);
}

fn write(descriptor: usize, comptime format: []const u8, arguments: anytype) void {
    var buffer: [4096]u8 = undefined;
    const text = std.fmt.bufPrint(&buffer, format, arguments) catch buffer[0..];
    var written: usize = 0;
    while (written < text.len) {
        const count = linux.syscall3(.write, descriptor, @intFromPtr(text.ptr) + written, text.len - written);
        if (isError(count)) linux.exit_group(1);
        written += count;
    }
}

/// Is a result of a system call an error?
pub fn isError(result: usize) bool {
    return errnoOf(result) != 0;
}

/// The errno in a result of a system call, or 0.
pub fn errnoOf(result: usize) u16 {
    const signed: isize = @bitCast(result);
    return if (signed < 0 and signed > -4096) @intCast(-signed) else 0;
}

/// The result of a system call that must not fail.
pub fn must(comptime what: []const u8, result: usize) usize {
    const errno = errnoOf(result);
    if (errno != 0) failWith(what, errno);
    return result;
}

/// End the program as something failed with an errno.
pub fn failWith(comptime what: []const u8, errno: u16) noreturn {
    const name = std.enums.tagName(linux.E, @enumFromInt(errno)) orelse "unknown";
    fail(what ++ ": errno {d} ({s})", .{ errno, name });
}

/// Nanoseconds of a clock that only goes forward.
pub fn nowNs() u64 {
    const CLOCK_MONOTONIC = 1;
    var time: [2]u64 = undefined;
    _ = must("clock_gettime", linux.syscall2(.clock_gettime, CLOCK_MONOTONIC, @intFromPtr(&time)));
    return time[0] * std.time.ns_per_s + time[1];
}

pub fn seconds(duration_ns: u64) f64 {
    return @as(f64, @floatFromInt(duration_ns)) / std.time.ns_per_s;
}

/// Wait until descriptors are ready. How many are, 0 after the timeout.
pub fn poll(descriptors: []Poll, timeout_ms: u32) usize {
    const time = [2]u64{ timeout_ms / 1000, @as(u64, timeout_ms % 1000) * std.time.ns_per_ms };
    const address = @intFromPtr(descriptors.ptr);
    return must("ppoll", linux.syscall5(.ppoll, address, descriptors.len, @intFromPtr(&time), 0, 0));
}

/// struct pollfd.
pub const Poll = extern struct {
    pub const IN = 0x001;
    pub const OUT = 0x004;
    pub const ERR = 0x008;
    pub const HUP = 0x010;
    pub const RDHUP = 0x2000;

    descriptor: i32,
    wanted: i16,
    ready: i16 = 0,
};
