//! Standard output for the generators.

const std = @import("std");
const linux = std.os.linux;

/// The standard library's writers differ between the supported compiler versions; the system call does not.
pub fn print(comptime format: []const u8, arguments: anytype) void {
    var buffer: [16384]u8 = undefined;
    const text = std.fmt.bufPrint(&buffer, format, arguments) catch unreachable;
    var written: usize = 0;
    while (written < text.len) {
        const count = linux.write(1, text.ptr + written, text.len - written);
        if (count == 0 or count > text.len) std.process.exit(1);
        written += count;
    }
}
