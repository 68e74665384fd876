//! See `phaki_fuzz::enrol`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| phaki_fuzz::enrol(data));
