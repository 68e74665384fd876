//! See `phaki_fuzz::session`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| phaki_fuzz::session(data));
