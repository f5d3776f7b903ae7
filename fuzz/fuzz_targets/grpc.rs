//! Messages are counted the same in any split, and as the lengths in front of them say.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| outrider_fuzz::grpc(input));
