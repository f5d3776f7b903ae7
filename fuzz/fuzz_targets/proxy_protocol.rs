//! A header is the same header whatever follows it, and none before it is whole.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| outrider_fuzz::proxy_protocol(input));
