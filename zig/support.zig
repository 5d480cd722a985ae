//! What liburing.a and Zig's standard library expect from a libc. The library is linked without one, so
//! that the same file loads under glibc and musl; the version script keeps these names to itself.

const std = @import("std");
const builtin = @import("builtin");
const system = @import("system.zig");

/// Only liburing's probe helpers allocate, and the shim does not call them.
export fn calloc(_: usize, _: usize) ?*anyopaque {
    return null;
}

export fn free(_: ?*anyopaque) void {}

export fn __stack_chk_fail() noreturn {
    @trap();
}

comptime {
    // Programs have one from their start-up code.
    if (builtin.output_mode == .Lib) @export(&auxiliaryValue, .{ .name = "getauxval" });
}

/// getauxval(3). It is asked once, for the kernel's page of functions that need no system call
/// (vdso(7)): without that page the time costs a system call.
pub fn auxiliaryValue(kind: usize) callconv(.c) usize {
    var vector: [64]std.elf.Auxv = undefined;
    const length = system.readFile("/proc/self/auxv", std.mem.sliceAsBytes(&vector));
    if (length < 0) return 0;
    for (vector[0 .. @as(usize, @intCast(length)) / @sizeOf(std.elf.Auxv)]) |entry| {
        if (entry.a_type == kind) return entry.a_un.a_val;
    }
    return 0;
}
