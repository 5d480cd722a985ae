//! The clock of timers and deadlines.

const std = @import("std");
const clock = @import("clock.zig");
const linux = std.os.linux;
const testing = std.testing;

test "it is the machine's monotonic clock in milliseconds, before and after it is prepared" {
    try expectMonotonic();
    clock.prepare();
    clock.prepare();
    try expectMonotonic();
}

fn expectMonotonic() !void {
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
