//! What two decoders of HPACK can read, both read alike.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| outrider_fuzz::hpack(input));
