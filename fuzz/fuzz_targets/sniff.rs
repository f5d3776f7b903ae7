//! What the first bytes are called never changes with more bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| outrider_fuzz::sniff(input));
