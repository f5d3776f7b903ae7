//! Frames are the same in any split, and as a plain reader of the whole cuts them.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| outrider_fuzz::http2_frames(input));
