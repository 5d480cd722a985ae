//! The time, as of the last turn: asking for it in JavaScript costs 40 ns in Bun and 150 ns in Deno.

const std = @import("std");
const linux = std.os.linux;
const system = @import("system.zig");

/// Milliseconds of CLOCK_MONOTONIC.
pub fn nowMs() f64 {
    var time: linux.timespec = undefined;
    if (@atomicLoad(State, &state, .acquire) == .ready) {
        _ = linux.clock_gettime(.MONOTONIC, &time);
    } else {
        // Not through std: its first call decides for good whether there is a page of functions.
        _ = linux.syscall2(.clock_gettime, @intFromEnum(linux.CLOCK.MONOTONIC), @intFromPtr(&time));
    }
    return @as(f64, @floatFromInt(time.sec)) * 1e3 + @as(f64, @floatFromInt(time.nsec)) / 1e6;
}

/// The kernel's page of functions that need no system call (vdso(7)) is found through the auxiliary
/// vector, which a library without libc has to fetch for itself. Without it the time costs a system call.
pub fn prepare() void {
    if (@cmpxchgStrong(State, &state, .unknown, .reading, .acq_rel, .monotonic) != null) return;
    const length = system.readFile("/proc/self/auxv", &auxiliary_vector);
    // The vector ends with a zero entry, which the static buffer has behind what was read.
    if (length > 0 and length < auxiliary_vector.len - @sizeOf(std.elf.Auxv)) linux.elf_aux_maybe = @ptrCast(@alignCast(&auxiliary_vector));
    @atomicStore(State, &state, .ready, .release);
}

const State = enum(u8) { unknown, reading, ready };

var state: State = .unknown;
var auxiliary_vector: [1024]u8 align(@alignOf(std.elf.Auxv)) = @splat(0);
