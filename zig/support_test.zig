//! The clock, and what it needs to be fast.

const std = @import("std");
const clock = @import("clock.zig");
const support = @import("support.zig");
const linux = std.os.linux;
const testing = std.testing;

test "the clock is the machine's monotonic one in milliseconds" {
    const before_ms = monotonicMs();
    const now_ms = clock.nowMs();
    try testing.expect(before_ms <= now_ms);
    try testing.expect(now_ms <= monotonicMs());
}

fn monotonicMs() f64 {
    var time: linux.timespec = undefined;
    _ = linux.syscall2(.clock_gettime, @intFromEnum(linux.CLOCK.MONOTONIC), @intFromPtr(&time));
    return @as(f64, @floatFromInt(time.sec)) * 1e3 + @as(f64, @floatFromInt(time.nsec)) / 1e6;
}

test "the library finds the same auxiliary values as a program" {
    for ([_]usize{ std.elf.AT_SYSINFO_EHDR, std.elf.AT_PAGESZ, std.elf.AT_RANDOM, std.elf.AT_NULL, 9999 }) |kind| {
        try testing.expectEqual(linux.getauxval(kind), support.auxiliaryValue(kind));
    }
    try testing.expect(support.auxiliaryValue(std.elf.AT_PAGESZ) >= 4096);
}
