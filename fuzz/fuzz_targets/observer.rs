//! Any split of a conversation gives the same metrics, and edits never change what it means.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| outrider_fuzz::observer(input));
