//! What was received and is to be sent: pieces of buffers. A buffer goes back to the kernel when all its pieces are
//! sent and the kernel puts nothing more into it.

const std = @import("std");
const process = @import("sockets").process;
const ring = @import("ring.zig");

pub const none: u16 = std.math.maxInt(u16);

const Piece = struct { buffer: u16, next: u16, offset: u32, length: u32 };

/// What is known of a buffer that the kernel has filled or goes on to fill.
const Use = struct { filled: u32 = 0, pieces: u16 = 0, is_open: bool = false };

var pieces: [none]Piece = undefined;
var free: u16 = none;
var used: u16 = 0;
var uses: [ring.buffer_count]Use = @splat(.{});

/// Bytes that one receive has put into a buffer, and into those behind it in the ring.
pub const Received = struct {
    buffer: u16,
    left: u32,
    /// Will the kernel put more into the last of the buffers?
    is_open: bool,

    /// The next of its pieces, in a buffer of its own.
    pub fn take(received: *Received) ?u16 {
        if (received.left == 0) return null;
        const buffer = received.buffer;
        const use = &uses[buffer];
        const length = @min(received.left, ring.bytes(buffer) - use.filled);
        const piece = add(.{ .buffer = buffer, .next = none, .offset = use.filled, .length = length });
        received.left -= length;
        use.filled += length;
        use.pieces += 1;
        use.is_open = received.left == 0 and received.is_open;
        if (received.left > 0) received.buffer = ring.following(buffer);
        return piece;
    }
};

fn add(piece: Piece) u16 {
    var index = free;
    if (index == none) {
        index = used;
        if (used == none) process.fail("too many pieces of buffers", .{});
        used += 1;
    } else {
        free = pieces[index].next;
    }
    pieces[index] = piece;
    return index;
}

pub fn content(piece: u16) []const u8 {
    const p = &pieces[piece];
    return ring.start(p.buffer)[p.offset..][0..p.length];
}

pub fn following(piece: u16) u16 {
    return pieces[piece].next;
}

/// Forget a piece. True if its buffer was given back to the kernel.
pub fn release(piece: u16) bool {
    const buffer = pieces[piece].buffer;
    pieces[piece].next = free;
    free = piece;
    const use = &uses[buffer];
    use.pieces -= 1;
    if (use.pieces > 0 or use.is_open) return false;
    use.filled = 0;
    ring.provide(buffer);
    return true;
}

/// Pieces in the order in which they are to be sent.
pub const Queue = struct {
    first: u16 = none,
    last: u16 = none,
    bytes: u32 = 0,

    pub fn push(queue: *Queue, piece: u16) void {
        if (queue.first == none) queue.first = piece else pieces[queue.last].next = piece;
        queue.last = piece;
        queue.bytes += pieces[piece].length;
    }

    /// Take out the first one.
    pub fn pop(queue: *Queue) u16 {
        const piece = queue.first;
        queue.first = pieces[piece].next;
        queue.bytes -= pieces[piece].length;
        return piece;
    }

    /// Leave out the first bytes of the first piece, which is longer.
    pub fn trim(queue: *Queue, length: u32) void {
        const piece = &pieces[queue.first];
        piece.offset += length;
        piece.length -= length;
        queue.bytes -= length;
    }
};
