//! Where the ticks of an axis stand and what they say.

mod log;
mod time;
mod value;

pub(crate) use log::log_scale;
pub(crate) use time::{TimeTick, time_ticks};
pub(crate) use value::{ValueScale, value_scale};
