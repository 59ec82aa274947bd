//! Where the ticks of an axis stand and what they say.

mod time;
mod value;

pub(crate) use time::{TimeTick, time_ticks};
pub(crate) use value::{ValueScale, value_scale};
