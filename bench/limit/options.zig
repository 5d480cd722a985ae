//! The command line: two ports, what is relayed, and experiments with io_uring. Without any of these the program uses
//! io_uring as ringway's workers do.

const std = @import("std");
const process = @import("sockets").process;

pub const Options = struct {
    port: u64,
    upstream_port: u64,
    is_http: bool,
    /// Send without copying: a buffer is given back when the kernel notifies that nothing reads it any more.
    zero_copy: bool = false,
    /// One receive fills several small buffers, where else it would fill a large one.
    bundles: bool = false,
    /// Receives fill large buffers bit by bit, whatever connections they are of.
    incremental: bool = false,
    /// Sends that take all at once don't complete.
    skip_success: bool = false,
    /// Sockets are places in a table of the ring instead of descriptors of the process.
    direct: bool = false,
    /// Wait for several completions, but not longer than this once there is one. 0: for the first.
    min_wait_us: u32 = 0,

    /// Ends the program with a sentence if something is wrong.
    pub fn parse(arguments: process.Arguments) Options {
        const numbers = @min(arguments.len, 1 + positions.len);
        const port, const upstream_port, const http = process.numbers(&positions, arguments[0..numbers]);
        var options = Options{ .port = port, .upstream_port = upstream_port, .is_http = http == 1 };
        for (arguments[numbers..]) |text| set(&options, std.mem.span(text));
        if (options.skip_success and options.zero_copy) {
            process.fail("--skip-success and --zero-copy: the kernel takes them only one at a time", .{});
        }
        return options;
    }
};

const positions = [_][]const u8{ "PORT", "UPSTREAM_PORT", "HTTP" };
const switches = .{
    .{ "--zero-copy", "zero_copy" },
    .{ "--bundles", "bundles" },
    .{ "--incremental", "incremental" },
    .{ "--skip-success", "skip_success" },
    .{ "--direct", "direct" },
};
const min_wait = "--min-wait=";

fn set(options: *Options, text: []const u8) void {
    inline for (switches) |entry| {
        if (std.mem.eql(u8, text, entry[0])) {
            @field(options, entry[1]) = true;
            return;
        }
    }
    if (!std.mem.startsWith(u8, text, min_wait)) process.fail("not an option: {s}", .{text});
    options.min_wait_us = std.fmt.parseInt(u32, text[min_wait.len..], 10) catch
        process.fail("not a number of microseconds: {s}", .{text});
}
