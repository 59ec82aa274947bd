//! Every file of `/proc` that the exporter reads: whatever it holds is survived.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    procession_exporter::source::procfs::parse::try_all(bytes);
});
