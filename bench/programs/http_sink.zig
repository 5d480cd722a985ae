//! The receiving side of HTTP requests, as far as an upstream needs it that only takes bodies: finds the ends of
//! requests in the bytes of a connection. Bodies must have a length.

const std = @import("std");
const process = @import("process.zig");

pub const response = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

pub const HttpSink = struct {
    /// The beginning of a line of the head: as much as is needed for those that matter.
    line: [64]u8 = undefined,
    /// All bytes of the line, also those that are not kept.
    line_length: usize = 0,
    body_bytes: u64 = 0,
    /// `null` in a head.
    body_left: ?u64 = null,

    /// How many requests have ended with these bytes.
    pub fn feed(sink: *HttpSink, bytes: []const u8) usize {
        var ended: usize = 0;
        var rest = bytes;
        while (rest.len > 0) {
            if (sink.body_left) |left| {
                const count: usize = @intCast(@min(left, rest.len));
                sink.body_left = left - count;
                rest = rest[count..];
            } else {
                sink.feedHead(rest[0]);
                rest = rest[1..];
            }
            if (sink.body_left == 0) {
                ended += 1;
                sink.* = .{};
            }
        }
        return ended;
    }

    fn feedHead(sink: *HttpSink, byte: u8) void {
        if (byte == '\r') return;
        if (byte != '\n') {
            if (sink.line_length < sink.line.len) sink.line[sink.line_length] = byte;
            sink.line_length += 1;
            return;
        }
        if (sink.line_length == 0) sink.body_left = sink.body_bytes;
        sink.readLine(sink.line[0..@min(sink.line_length, sink.line.len)]);
        sink.line_length = 0;
    }

    fn readLine(sink: *HttpSink, line: []const u8) void {
        if (std.ascii.startsWithIgnoreCase(line, "transfer-encoding:")) process.fail("a body has no length", .{});
        const name = "content-length:";
        if (!std.ascii.startsWithIgnoreCase(line, name)) return;
        const value = std.mem.trim(u8, line[name.len..], " \t");
        sink.body_bytes = std.fmt.parseInt(u64, value, 10) catch process.fail("not a length: {s}", .{value});
    }
};
