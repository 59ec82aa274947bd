//! A disk that is full, and has room again. A limit on the size of files plays the disk, in a process of its own.

use crate::support::{all_of, on_demand, open, series};
use procession_openmetrics::Labels;
use procession_store::{Batch, Options, Store};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::path::Path;
use std::process::Command;

const SERIES: usize = 500;
/// Says to the test binary that it is the process with the limit.
const CHILD: &str = "STORE_DISK_CHILD";

fn limit_file_size(bytes: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current: bytes.or(maximum), maximum }).unwrap();
}

fn append(store: &Store, names: &[Labels], t: i64) {
    let mut batch = Batch::default();
    // Values that do not compress.
    let value = |i: usize| ((t as u64 * 7919 + i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64;
    names.iter().enumerate().for_each(|(i, l)| batch.push(store.series_ref(l), t, value(i)));
    store.append(batch).unwrap();
}

/// Not a test of its own: the process whose files cannot grow for a while.
#[test]
fn child_with_a_limit() {
    let Some(dir) = std::env::var_os(CHILD) else { return };
    let dir = Path::new(&dir);
    let names: Vec<Labels> = (0..SERIES).map(|i| series("m", i)).collect();
    let checkpoint_bytes = std::env::var("STORE_DISK_CHECKPOINT").unwrap().parse().unwrap();
    let store = Store::open(dir, Options { checkpoint_bytes, ..on_demand() }).unwrap();
    let mut t = 0;
    let mut go_on = |store: &Store| {
        t += 1;
        append(store, &names, t);
        store.flush().map(|()| t).map_err(|error| error.to_string())
    };
    assert_eq!(go_on(&store), Ok(1));

    limit_file_size(Some(2 << 20));
    let failure = (0..2000).find_map(|_| go_on(&store).err()).expect("the limit was reached");
    println!("{failure}");
    assert!(failure.contains("kept and tried again"), "{failure}");
    for _ in 0..3 {
        go_on(&store).unwrap_err();
    }
    let whole = |store: &Store, last: i64| {
        let all = all_of(store, "m");
        assert_eq!(all.len(), SERIES);
        assert!(all.iter().all(|(_, samples)| samples.iter().map(|s| s.0).eq(1..=last)));
    };
    whole(&store, store.stats().max_time_ms.unwrap());

    limit_file_size(None);
    let last = go_on(&store).expect("it goes on when there is room");
    whole(&store, last);
    store.close().unwrap();
    whole(&open(dir), last);
    println!("went on");
}

#[test]
fn a_full_disk_stops_the_writing_and_nothing_else() {
    // Once the log is what cannot grow, once the table is.
    for checkpoint_bytes in ["100000000", "100000"] {
        let dir = tempfile::tempdir().unwrap();
        // The signal that the limit would kill with is to be ignored, and what is ignored stays so in the new program.
        let output = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "disk::child_with_a_limit", "--nocapture", "--test-threads=1"])
            .env(CHILD, dir.path())
            .env("STORE_DISK_CHECKPOINT", checkpoint_bytes)
            .output()
            .unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && out.contains("went on"), "checkpoint at {checkpoint_bytes}: {out}\n{err}");
    }
}
