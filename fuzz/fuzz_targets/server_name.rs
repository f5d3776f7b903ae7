//! A server's name is one that could be a host's, and stays when more bytes follow.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| outrider_fuzz::server_name(input));
