//! What a client asks of the upstream, with the first byte that it sends.

pub const Request = enum(u8) {
    /// Send back what comes.
    echo = 'e',
    /// Send as much as goes out, and read nothing more.
    flood = 'f',
    /// Read nothing more.
    ignore = 'i',
    /// The beginning of "POST": answer HTTP requests once their bodies have come.
    post = 'P',
    _,
};

/// What a client asks of an HTTP server with files: an empty one, and one that is larger than all buffers.
pub const get_empty = "GET /0 HTTP/1.1\r\nHost: bench\r\n\r\n";
pub const get_large = "GET /1g HTTP/1.1\r\nHost: bench\r\n\r\n";
/// The beginning of the answer.
pub const response_ok = "HTTP/1.1 200 ";

/// Bytes of one message of the small exchanges.
pub const MESSAGE_BYTES = 64;

/// A message that is echoed.
pub const message: [MESSAGE_BYTES]u8 = blk: {
    var bytes: [MESSAGE_BYTES]u8 = undefined;
    for (&bytes, 0..) |*byte, index| byte.* = @intCast(index);
    bytes[0] = @intFromEnum(Request.echo);
    break :blk bytes;
};
