//! A chunked body ends in the same place in any split, and where a plain decoder has it end.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| outrider_fuzz::chunked(input));
