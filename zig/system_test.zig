//! How a thread is scheduled.

const std = @import("std");
const exports = @import("exports.zig");
const system = @import("system.zig");
const linux = std.os.linux;
const testing = std.testing;

const SCHED_BATCH = 3;
const SCHED_IDLE = 5;

const Tried = struct {
    answer: i32 = -1,
    policy: i32 = -1,

    fn run(tried: *Tried, first_policy: ?usize) void {
        const no_priority: i32 = 0;
        if (first_policy) |policy| _ = linux.syscall3(.sched_setscheduler, 0, policy, @intFromPtr(&no_priority));
        tried.answer = exports.ringway_thread_batch();
        tried.policy = system.result(linux.syscall1(.sched_getscheduler, 0));
    }
};

fn tryIn(first_policy: ?usize) !Tried {
    var tried = Tried{};
    const thread = try std.Thread.spawn(.{}, Tried.run, .{ &tried, first_policy });
    thread.join();
    return tried;
}

test "a thread that is woken lets others go on, unless somebody has chosen another policy" {
    try testing.expectEqual(Tried{ .answer = SCHED_BATCH, .policy = SCHED_BATCH }, try tryIn(null));
    try testing.expectEqual(Tried{ .answer = SCHED_IDLE, .policy = SCHED_IDLE }, try tryIn(SCHED_IDLE));
    // Only the thread that asked for it.
    try testing.expectEqual(0, system.result(linux.syscall1(.sched_getscheduler, 0)));
}
