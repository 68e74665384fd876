//! See `phaki_fuzz::change`.
#![no_main]

// Automerge panics on some hostile changes; the documents catch that, so a panic alone is no
// finding here: only one that is not caught.
libfuzzer_sys::fuzz_target!(
    init: std::panic::set_hook(Box::new(|_| {})),
    |data: &[u8]| phaki_fuzz::change(data)
);
