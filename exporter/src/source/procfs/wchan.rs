//! `/proc/PID/wchan`: `proc_pid_wchan(5)`, where in the kernel the main thread waits.

use std::sync::Arc;

/// The name of the function; `None` where it does not wait, and where that must not be known: the kernel says `0` of both. `last` is
/// the name that was read before, to be kept where it is the same.
pub(crate) fn parse(text: &[u8], last: Option<&Arc<str>>) -> Option<Arc<str>> {
    let name = std::str::from_utf8(text.strip_suffix(b"\n").unwrap_or(text)).ok()?;
    match last {
        Some(last) if **last == *name => Some(last.clone()),
        _ => Some(name).filter(|name| !matches!(*name, "" | "0")).map(Arc::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let last = Arc::from("do_wait");
        let check = |text: &[u8], expected: Option<&str>| {
            assert_eq!(parse(text, Some(&last)).as_deref(), expected);
            assert_eq!(parse(text, None).as_deref(), expected);
        };
        check(b"do_wait", Some("do_wait"));
        check(b"futex_do_wait\n", Some("futex_do_wait"));
        check(b"0", None);
        check(b"", None);
        check(b"\xff", None);
        assert!(parse(b"do_wait", Some(&last)).is_some_and(|name| Arc::ptr_eq(&name, &last)));
    }
}
