//! A head is the same head whatever follows it, and no head before it is whole.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| outrider_fuzz::heads(input));
