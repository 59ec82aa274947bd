//! Scanning that both formats share: bytes in, offsets out, nothing copied.

pub(crate) mod cursor;
pub(crate) mod escape;
pub(crate) mod number;
pub(crate) mod series;
