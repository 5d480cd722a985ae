//! A library that a newer or older version of ringway might have left: it reports an ABI version that
//! nobody has.

pub export fn ringway_abi_version() i32 {
    return 999_999;
}
