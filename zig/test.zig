test {
    _ = @import("abi.zig");
}
