//! Exposition of a service's own metrics, and the negotiation that every `/metrics` shares.

mod encode;
mod negotiate;
mod process;

pub use encode::{encode, to_text};
pub use negotiate::{Format, accepts_gzip, negotiate};
pub use process::register_process;
