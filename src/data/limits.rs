//! How large a picture may be.

/// Largest width and height accepted, in pixels.
pub const MAX_SIDE: u32 = 16_384;

/// Most memory one decoder may ask for, in bytes.
pub const MAX_ALLOC: u64 = 512 << 20;
