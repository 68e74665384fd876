//! See `phaki_fuzz::signed`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| phaki_fuzz::signed(data));
