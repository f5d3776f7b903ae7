//! Any split of any bytes gives the same messages, or the same error behind them.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| outrider_fuzz::websocket(input));
