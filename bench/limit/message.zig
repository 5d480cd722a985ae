//! Where an HTTP message ends, as far as a measurement needs to know: behind the empty line, and as many bytes
//! later as Content-Length says. Chunks, and whatever else HTTP has, are not known here.

const std = @import("std");
const process = @import("sockets").process;

/// The beginning of a head that came in pieces.
pub const Head = [4096]u8;

pub const Message = struct {
    in_body: bool = false,
    body_left: u64 = 0,
    /// How much of a head has come, if it is not all.
    head_length: u16 = 0,

    /// Bytes of the message arrived. True if they are its last.
    pub fn feed(message: *Message, head: *Head, bytes: []const u8) bool {
        const body = if (message.in_body) bytes else message.feedHead(head, bytes) orelse return false;
        if (body.len > message.body_left) process.fail("bytes came behind the end of a message", .{});
        message.body_left -= body.len;
        message.in_body = message.body_left > 0;
        return !message.in_body;
    }

    /// What is behind the head, if that is complete.
    fn feedHead(message: *Message, head: *Head, bytes: []const u8) ?[]const u8 {
        const before = message.head_length;
        const all = if (before == 0) bytes else join(head, before, bytes);
        if (std.mem.indexOf(u8, all, "\r\n\r\n")) |end| {
            message.* = .{ .in_body = true, .body_left = contentLength(all[0 .. end + 2]) };
            return bytes[end + 4 - before ..];
        }
        const kept = if (before == 0) join(head, 0, bytes) else all;
        if (kept.len == head.len) process.fail("a head is too long", .{});
        message.head_length = @intCast(kept.len);
        return null;
    }
};

/// As much as there is room for.
fn join(head: *Head, before: u16, bytes: []const u8) []const u8 {
    const added = bytes[0..@min(bytes.len, head.len - before)];
    @memcpy(head[before..][0..added.len], added);
    return head[0 .. before + added.len];
}

fn contentLength(head: []const u8) u64 {
    const name = "\ncontent-length:";
    const start = std.ascii.indexOfIgnoreCase(head, name) orelse return 0;
    const value = head[start + name.len ..];
    const end = std.mem.indexOfScalar(u8, value, '\r') orelse return 0;
    return std.fmt.parseInt(u64, std.mem.trim(u8, value[0..end], " "), 10) catch
        process.fail("not a Content-Length: {s}", .{value[0..end]});
}
