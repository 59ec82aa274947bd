//! What the C library keeps of memory that is no longer in use.
//!
//! It gives threads heaps of their own, up to eight for each core, and each keeps what it once needed in pieces that are
//! smaller than a threshold. A service whose threads take turns at large answers then holds the largest of them several times over.

use std::time::Duration;

/// How often what is free goes back to the system. Under load it is needed again at once, which costs page faults, so not
/// much more often; one who looks at a service at rest should see what it uses.
const PAUSE: Duration = Duration::from_secs(30);

/// Keeps the heaps of this process few and small from now on: two for all threads, and what they have free goes back to the
/// system every 30 seconds, by a thread that does nothing else. For the first line of `main`.
///
/// Elsewhere than with glibc it does nothing.
pub fn keep_small() {
    share();
    let trim = || {
        loop {
            std::thread::sleep(PAUSE);
            give_back();
        }
    };
    // Without it there is only more memory in use.
    let _ = std::thread::Builder::new().name("heap".to_owned()).spawn(trim);
}

#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "mallopt(3) takes two numbers, and no crate wraps it")]
fn share() {
    // SAFETY: both are numbers by value, and there is no other thread yet that could be allocating.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, 2) };
}

/// One heap for all threads of this process, and all that is large mapped by itself, so that it goes back to the system as soon as it
/// is free: for a service that seldom needs much at once. For the first line of `main`.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "mallopt(3) takes two numbers, and no crate wraps it")]
pub fn keep_one() {
    // SAFETY: all are numbers by value, and there is no other thread yet that could be allocating.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        // The default, which otherwise grows with what is freed.
        libc::mallopt(libc::M_MMAP_THRESHOLD, 128 << 10);
    }
}

/// Gives the system what is free in the heaps, also in small pieces, which glibc else keeps.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "malloc_trim(3) asks nothing of its caller, and no crate wraps it")]
pub fn give_back() {
    // SAFETY: it takes a number by value, may be called from any thread at any time, and leaves what is in use alone.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(target_env = "gnu"))]
fn share() {}

/// One heap for all threads of this process. Elsewhere than with glibc it does nothing.
#[cfg(not(target_env = "gnu"))]
pub fn keep_one() {}

/// Gives the system what is free in the heaps. Elsewhere than with glibc it does nothing.
#[cfg(not(target_env = "gnu"))]
pub fn give_back() {}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn anonymous_kib() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    #[test]
    fn small_pieces_go_back() {
        // The last one stays, so that the end of the heap is not free.
        let mut pieces: Vec<Box<[u8]>> = (0..40_000).map(|_| vec![1; 1_000].into_boxed_slice()).collect();
        let last = pieces.pop();
        drop(pieces);
        let before = anonymous_kib();
        give_back();
        let after = anonymous_kib();
        assert!(after + 30_000 < before, "{before} KiB before, {after} after");
        drop(last);
    }
}
