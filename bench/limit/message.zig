//! Where an HTTP message ends, as far as a measurement needs to know: behind the empty line, and as many bytes
//! later as Content-Length says. Chunks, and whatever else HTTP has, are not known here.

const std = @import("std");
const process = @import("sockets").process;

pub const Message = struct {
    in_body: bool = false,
    body_left: u64 = 0,

    /// Bytes of the message arrived. True if they are its last.
    pub fn feed(message: *Message, bytes: []const u8) bool {
        var body = bytes;
        if (!message.in_body) {
            const end = std.mem.indexOf(u8, bytes, "\r\n\r\n") orelse process.fail("a head came in pieces", .{});
            message.* = .{ .in_body = true, .body_left = contentLength(bytes[0 .. end + 2]) };
            body = bytes[end + 4 ..];
        }
        if (body.len > message.body_left) process.fail("bytes came behind the end of a message", .{});
        message.body_left -= body.len;
        message.in_body = message.body_left > 0;
        return !message.in_body;
    }
};

fn contentLength(head: []const u8) u64 {
    const name = "\ncontent-length:";
    const start = std.ascii.indexOfIgnoreCase(head, name) orelse return 0;
    const value = head[start + name.len ..];
    const end = std.mem.indexOfScalar(u8, value, '\r') orelse return 0;
    return std.fmt.parseInt(u64, std.mem.trim(u8, value[0..end], " "), 10) catch
        process.fail("not a Content-Length: {s}", .{value[0..end]});
}
