//! The empty line is found where a search of the whole finds it.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| outrider_fuzz::blank_line(input));
