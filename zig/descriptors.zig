//! The set of descriptors that one ring owns. A command that names another one is refused: a bug
//! above can then close or write to nothing that belongs to the runtime or to another worker.

const system = @import("system.zig");

pub const Descriptors = struct {
    words: [*]u64,
    count: u32 = 0,

    /// The kernel's default for fs.nr_open.
    pub const limit: u32 = 1 << 20;
    const bytes = limit / 8;

    pub fn init() ?Descriptors {
        const memory = system.map(bytes) orelse return null;
        return .{ .words = @ptrCast(@alignCast(memory)) };
    }

    pub fn deinit(set: *Descriptors) void {
        system.unmap(@ptrCast(set.words), bytes);
    }

    pub fn has(set: *const Descriptors, descriptor: i32) bool {
        if (descriptor < 0 or descriptor >= limit) return false;
        const index: u32 = @intCast(descriptor);
        return set.words[index >> 6] & mask(index) != 0;
    }

    pub fn add(set: *Descriptors, descriptor: i32) bool {
        if (descriptor < 0 or descriptor >= limit) return false;
        const index: u32 = @intCast(descriptor);
        if (set.words[index >> 6] & mask(index) == 0) set.count += 1;
        set.words[index >> 6] |= mask(index);
        return true;
    }

    pub fn remove(set: *Descriptors, descriptor: i32) void {
        if (!set.has(descriptor)) return;
        const index: u32 = @intCast(descriptor);
        set.words[index >> 6] &= ~mask(index);
        set.count -= 1;
    }

    /// Close all that is left, as the owner is gone.
    pub fn closeAll(set: *Descriptors) void {
        var index: u32 = 0;
        while (set.count > 0 and index < limit / 64) : (index += 1) {
            while (set.words[index] != 0) {
                const descriptor: i32 = @intCast(index * 64 + @ctz(set.words[index]));
                _ = system.close(descriptor);
                set.remove(descriptor);
            }
        }
    }

    fn mask(index: u32) u64 {
        return @as(u64, 1) << @intCast(index & 63);
    }
};
