//! See `phaki_fuzz::frame`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| phaki_fuzz::frame(data));
