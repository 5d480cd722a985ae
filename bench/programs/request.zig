//! What a client asks of the upstream, with the first byte that it sends.

pub const Request = enum(u8) {
    /// Send back what comes.
    echo = 'e',
    /// Send as much as goes out, and read nothing more.
    flood = 'f',
    /// Read nothing more.
    ignore = 'i',
    _,
};

/// Bytes of one message of the small exchanges.
pub const MESSAGE_BYTES = 64;

/// A message that is echoed.
pub const message: [MESSAGE_BYTES]u8 = blk: {
    var bytes: [MESSAGE_BYTES]u8 = undefined;
    for (&bytes, 0..) |*byte, index| byte.* = @intCast(index);
    bytes[0] = @intFromEnum(Request.echo);
    break :blk bytes;
};
