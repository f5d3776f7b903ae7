//! Fields that another encoder wrote are read as they were.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| outrider_fuzz::hpack_built(input));
