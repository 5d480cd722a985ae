//! All tests of the shim: `zig build test`.

test {
    _ = @import("buffers_test.zig");
    _ = @import("descriptors_test.zig");
    _ = @import("prepare_operation_test.zig");
    _ = @import("prepare_test.zig");
    _ = @import("ring_test.zig");
    _ = @import("sockets_test.zig");
    _ = @import("support_test.zig");
    _ = @import("system_test.zig");
    _ = @import("table_test.zig");
}
