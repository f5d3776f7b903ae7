//! Messages that were framed come out as they went in.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| outrider_fuzz::websocket_built(input));
