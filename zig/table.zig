//! All rings of the process. A handle carries a generation, so that one that was closed is refused
//! instead of reaching the ring that has its place now.

const std = @import("std");
const abi = @import("abi.zig");
const system = @import("system.zig");
const Ring = @import("ring.zig").Ring;

const State = enum(u8) {
    free,
    /// Being opened or closed.
    taken,
    open,
    /// Its owner is in a call.
    entered,
    /// Another thread closed it while its owner was in a call, and the owner finishes that.
    condemned,
};

/// One word, so that no step can be taken on a ring that was replaced in between.
const Status = packed struct(u32) {
    state: State = .free,
    generation: Generation = 0,
    unused: u1 = 0,

    fn with(status: Status, state: State) Status {
        return .{ .state = state, .generation = status.generation };
    }
};

const Generation = u23;
const index_bits = 8;

const Place = struct {
    status: Status = .{},
    /// Never closed, so that waking a ring that is just being closed writes to nobody else's descriptor.
    /// 0: not made yet (descriptor 0 is standard input, and all-zero places take no room in the file).
    wake_descriptor: i32 = 0,
    ring: Ring = undefined,
};

var places: [abi.rings]Place = @splat(.{});

pub fn open(options: [*]i32) i32 {
    for (&places, 0..) |*place, index| {
        const free = load(place);
        if (free.state != .free or exchange(place, free, free.with(.taken)) != null) continue;
        const opened = openIn(place, options);
        store(place, free.with(if (opened < 0) .free else .open));
        if (opened < 0) return opened;
        return @as(i32, free.generation) << index_bits | @as(i32, @intCast(index));
    }
    options[@intFromEnum(abi.Option.failed_stage)] = @intCast(@intFromEnum(abi.OpenStage.ring_table));
    return system.errno(.NFILE);
}

fn openIn(place: *Place, options: [*]i32) i32 {
    if (place.wake_descriptor <= 0) place.wake_descriptor = system.eventDescriptor();
    if (place.wake_descriptor < 0) {
        options[@intFromEnum(abi.Option.failed_stage)] = @intCast(@intFromEnum(abi.OpenStage.wake));
        return place.wake_descriptor;
    }
    system.drainEvent(place.wake_descriptor);
    return place.ring.open(options, place.wake_descriptor);
}

/// Close a ring now or, if its owner is in a call, at the end of that call: a supervisor can't know
/// whether a thread that it terminated has left its last one.
pub fn close(handle: i32) i32 {
    const place, var seen = find(handle) orelse return system.errno(.BADF);
    while (true) {
        const next: State = switch (seen.state) {
            .open => .taken,
            .entered => .condemned,
            .free, .taken, .condemned => return system.errno(.BADF),
        };
        const found = exchange(place, seen, seen.with(next)) orelse {
            if (next == .taken) finish(place, seen) else _ = system.signalEvent(place.wake_descriptor);
            return 0;
        };
        if (found.generation != seen.generation) return system.errno(.BADF);
        seen = found;
    }
}

fn finish(place: *Place, status: Status) void {
    place.ring.close();
    store(place, .{ .generation = status.generation +% 1 });
}

/// For reading what does not change while a ring is open. From any thread.
pub fn get(handle: i32) ?*Ring {
    const place, _ = find(handle) orelse return null;
    return &place.ring;
}

pub const Refusal = error{
    /// There is no such ring (any more).
    Closed,
    /// It belongs to another thread.
    Foreign,
};

pub fn errno(refusal: Refusal) i32 {
    return switch (refusal) {
        error.Closed => system.errno(.BADF),
        error.Foreign => system.errno(.PERM),
    };
}

/// For a call of the ring's owner, which ends with `release`. No other thread closes the ring until then.
pub fn acquire(handle: i32) Refusal!*Ring {
    const place, const seen = find(handle) orelse return error.Closed;
    if (!place.ring.isOwner()) return error.Foreign;
    if (exchange(place, seen.with(.open), seen.with(.entered)) != null) return error.Closed;
    return &place.ring;
}

/// Returns the call's result, or EBADF if the ring was closed meanwhile.
pub fn release(ring: *Ring, result: i32) i32 {
    const place: *Place = @alignCast(@fieldParentPtr("ring", ring));
    const status = load(place);
    if (exchange(place, status.with(.entered), status.with(.open)) == null) return result;
    finish(place, status);
    return system.errno(.BADF);
}

/// From any thread.
pub fn wakeDescriptor(handle: i32) ?i32 {
    const place, _ = find(handle) orelse return null;
    return place.wake_descriptor;
}

fn find(handle: i32) ?struct { *Place, Status } {
    if (handle < 0) return null;
    const place = &places[@intCast(handle & (abi.rings - 1))];
    const status = load(place);
    if (status.state != .open and status.state != .entered) return null;
    if (status.generation != handle >> index_bits) return null;
    return .{ place, status };
}

fn load(place: *Place) Status {
    return @bitCast(@atomicLoad(u32, @as(*u32, @ptrCast(&place.status)), .acquire));
}

fn store(place: *Place, status: Status) void {
    @atomicStore(u32, @as(*u32, @ptrCast(&place.status)), @bitCast(status), .release);
}

/// The status that stood in the way, or null.
fn exchange(place: *Place, expected: Status, next: Status) ?Status {
    const word: *u32 = @ptrCast(&place.status);
    const found = @cmpxchgStrong(u32, word, @bitCast(expected), @bitCast(next), .acq_rel, .acquire) orelse return null;
    return @bitCast(found);
}

comptime {
    std.debug.assert(abi.rings == 1 << index_bits);
    std.debug.assert(@bitSizeOf(Generation) + index_bits == 31);
}
