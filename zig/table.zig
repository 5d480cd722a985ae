//! All rings of the process. A handle carries a generation, so that one that was closed is refused
//! instead of reaching the ring that has its place now.

const std = @import("std");
const abi = @import("abi.zig");
const system = @import("system.zig");
const Ring = @import("ring.zig").Ring;

const State = enum(u32) { free, taken, open };

const Place = struct {
    state: State = .free,
    generation: u32 = 0,
    /// Never closed, so that waking a ring that is just being closed writes to nobody else's descriptor.
    /// 0: not made yet (descriptor 0 is standard input, and all-zero places take no room in the file).
    wake_descriptor: i32 = 0,
    ring: Ring = undefined,
};

var places: [abi.rings]Place = @splat(.{});

const index_bits = 8;
const generation_mask = (1 << (31 - index_bits)) - 1;

pub fn open(options: [*]i32) i32 {
    for (&places, 0..) |*place, index| {
        if (@cmpxchgStrong(State, &place.state, .free, .taken, .acq_rel, .monotonic) != null) continue;
        const opened = openIn(place, options);
        if (opened < 0) {
            @atomicStore(State, &place.state, .free, .release);
            return opened;
        }
        @atomicStore(State, &place.state, .open, .release);
        return @intCast((place.generation & generation_mask) << index_bits | @as(u32, @intCast(index)));
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

pub fn close(handle: i32) i32 {
    const place = find(handle) orelse return system.errno(.BADF);
    if (@cmpxchgStrong(State, &place.state, .open, .taken, .acq_rel, .monotonic) != null) return system.errno(.BADF);
    place.ring.close();
    place.generation +%= 1;
    @atomicStore(State, &place.state, .free, .release);
    return 0;
}

pub fn get(handle: i32) ?*Ring {
    const place = find(handle) orelse return null;
    return &place.ring;
}

pub fn wakeDescriptor(handle: i32) ?i32 {
    const place = find(handle) orelse return null;
    return place.wake_descriptor;
}

fn find(handle: i32) ?*Place {
    if (handle < 0) return null;
    const index: u32 = @as(u32, @intCast(handle)) & (abi.rings - 1);
    const place = &places[index];
    if (@atomicLoad(State, &place.state, .acquire) != .open) return null;
    if (place.generation & generation_mask != @as(u32, @intCast(handle)) >> index_bits) return null;
    return place;
}

comptime {
    std.debug.assert(abi.rings == 1 << index_bits);
}
