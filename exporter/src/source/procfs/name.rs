//! The part of `comm` that names a process.

use super::stat::Stat;

/// The part of `comm` that does not change from moment to moment.
///
/// Kernel workers append what they work on (`kworker/0:1-events`, `kworker/0:1+events` while at it): kept,
/// it would make a new series for each. `kworker/R-name` is a rescuer, and its `-` belongs to the name.
pub(crate) fn stable<'a>(stat: &Stat<'a>) -> &'a [u8] {
    if !stat.queue_worker || stat.comm.starts_with(b"kworker/R-") {
        return stat.comm;
    }
    let end = stat.comm.iter().position(|b| matches!(*b, b'-' | b'+')).unwrap_or(stat.comm.len());
    &stat.comm[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::name::clean;

    fn stable_of(comm: &str, flags: u32) -> String {
        let line = format!("1 ({comm}) I 2 0 0 0 -1 {flags} 0 0 0 0 0 0 0 0 20 0 1 0 10 0 0 18446744073709551615 0\n");
        let stat = super::super::stat::parse(line.as_bytes()).expect("valid");
        clean(stable(&stat))
    }

    #[test]
    fn workers_lose_what_they_work_on() {
        let worker = 0x0420_8060;
        assert_eq!(stable_of("kworker/0:1-events", worker), "kworker/0:1");
        assert_eq!(stable_of("kworker/u8:0+ext4-rsv-conversion", worker), "kworker/u8:0");
        assert_eq!(stable_of("kworker/1:0H", worker), "kworker/1:0H");
        assert_eq!(stable_of("kworker/R-ext4-rsv-conversion", worker), "kworker/R-ext4-rsv-conversion");
        assert_eq!(stable_of("kworker/0:1-mine", 0x0040_0000), "kworker/0:1-mine");
    }
}
