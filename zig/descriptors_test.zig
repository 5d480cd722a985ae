//! The set of a ring's descriptors.

const std = @import("std");
const harness = @import("harness.zig");
const system = @import("system.zig");
const Descriptors = @import("descriptors.zig").Descriptors;
const testing = std.testing;

test "a descriptor is in the set from its adding to its removal, and counted once" {
    var set = Descriptors.init() orelse return error.NoMemory;
    defer set.deinit();
    try testing.expect(!set.has(5));
    try testing.expect(set.add(5));
    try testing.expect(set.add(5));
    try testing.expect(set.has(5));
    try testing.expectEqual(1, set.count);
    set.remove(5);
    set.remove(5);
    try testing.expect(!set.has(5));
    try testing.expectEqual(0, set.count);
}

test "numbers at the edges of words and of the set are told apart" {
    var set = Descriptors.init() orelse return error.NoMemory;
    defer set.deinit();
    const numbers = [_]i32{ 0, 63, 64, 127, 128, Descriptors.limit - 1 };
    for (numbers) |number| {
        try testing.expect(!set.has(number));
        try testing.expect(set.add(number));
    }
    try testing.expectEqual(numbers.len, set.count);
    for ([_]i32{ 1, 62, 65, 126, 129, Descriptors.limit - 2 }) |number| try testing.expect(!set.has(number));
    for (numbers) |number| set.remove(number);
    try testing.expectEqual(0, set.count);
}

test "numbers outside the set are not taken" {
    var set = Descriptors.init() orelse return error.NoMemory;
    defer set.deinit();
    for ([_]i32{ -1, std.math.minInt(i32), Descriptors.limit, std.math.maxInt(i32) }) |number| {
        try testing.expect(!set.add(number));
        try testing.expect(!set.has(number));
        set.remove(number);
    }
    try testing.expectEqual(0, set.count);
}

test "closing all closes what is in the set and nothing else" {
    var set = Descriptors.init() orelse return error.NoMemory;
    defer set.deinit();
    var descriptors: [3]i32 = undefined;
    for (&descriptors) |*descriptor| descriptor.* = system.eventDescriptor();
    defer _ = system.close(descriptors[1]);
    try testing.expect(set.add(descriptors[0]) and set.add(descriptors[2]));
    set.closeAll();
    try testing.expectEqual(0, set.count);
    try testing.expect(!harness.isOpen(descriptors[0]));
    try testing.expect(harness.isOpen(descriptors[1]));
    try testing.expect(!harness.isOpen(descriptors[2]));
}
