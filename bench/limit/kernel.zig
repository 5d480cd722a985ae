//! What the experiments use of linux/io_uring.h and of liburing, and ringway's shim does not.

const liburing = @import("liburing");

pub extern fn io_uring_register_files_sparse(ring: *liburing.IoUring, count: c_uint) c_int;
pub extern fn io_uring_register_file_alloc_range(ring: *liburing.IoUring, first: c_uint, count: c_uint) c_int;

pub const sqe_flag = struct {
    pub const fixed_file: u8 = 1 << 0;
    pub const io_link: u8 = 1 << 2;
};

pub const op = struct {
    pub const shutdown: u8 = 34;
    pub const uring_cmd: u8 = 46;
    pub const sendmsg_zc: u8 = 48;
};

pub const cqe_flag = struct {
    /// More completions of this entry will come.
    pub const more: u32 = 1 << 1;
    pub const socket_nonempty: u32 = 1 << 2;
    /// Of a send without copying, the second completion.
    pub const notification: u32 = 1 << 3;
    /// The kernel will put more into this buffer.
    pub const buffer_more: u32 = 1 << 4;
};

/// IORING_RECVSEND_BUNDLE, in `ioprio`.
pub const receive_bundle: u16 = 1 << 4;
/// IOU_PBUF_RING_INC, when buffers are registered.
pub const buffers_incremental: u16 = 2;
/// IORING_FILE_INDEX_ALLOC: the kernel chooses the place.
pub const file_index_alloc: u32 = ~@as(u32, 0);
/// SOCKET_URING_OP_SETSOCKOPT, of `op.uring_cmd`.
pub const command_setsockopt: u64 = 3;
