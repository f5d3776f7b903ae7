//! What must hold for any input, one function per fuzz target; each panics where it does not. They are a library so that
//! `cargo test` runs the seeds through them on a stable compiler.
//!
//! An input's first byte chooses how the rest is split into reads, so that a seed stays a text that a person can read.
//!
//! - `first_bytes`: what stands in front of a conversation
//! - `http1`: the parsers of HTTP/1
//! - `http2`: the parsers of HTTP/2 and gRPC
//! - `websocket`: the scanner of frames
//! - `observer`: a whole conversation

mod first_bytes;
mod http1;
mod http2;
mod observer;
mod websocket;

pub use first_bytes::{proxy_protocol, server_name};
pub use http1::{blank_line, chunked, heads, sniff};
pub use http2::{grpc, hpack, hpack_built, http2_frames};
pub use observer::observer;
pub use websocket::{websocket, websocket_built};

/// The bytes of an input, and the same bytes in pieces of 1 to 16.
fn split(input: &[u8]) -> Option<(&[u8], Vec<&[u8]>)> {
    let (&seed, bytes) = input.split_first()?;
    Some((bytes, pieces(seed, bytes)))
}

/// `bytes` in pieces; seed 0 gives single bytes.
fn pieces(seed: u8, mut bytes: &[u8]) -> Vec<&[u8]> {
    let (mut state, mut pieces) = (u32::from(seed), Vec::new());
    while !bytes.is_empty() {
        let (piece, rest) = bytes.split_at(bytes.len().min(1 + (state >> 16) as usize % 16));
        pieces.push(piece);
        bytes = rest;
        // The generator of Numerical Recipes; from 0 it stays at 0.
        state = if seed == 0 { 0 } else { state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) };
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    type Target = fn(&[u8]);

    const TARGETS: [(&str, Target); 13] = [
        ("sniff", sniff),
        ("blank_line", blank_line),
        ("heads", heads),
        ("chunked", chunked),
        ("websocket", websocket),
        ("websocket_built", websocket_built),
        ("grpc", grpc),
        ("proxy_protocol", proxy_protocol),
        ("server_name", server_name),
        ("http2_frames", http2_frames),
        ("hpack", hpack),
        ("hpack_built", hpack_built),
        ("observer", observer),
    ];

    #[test]
    fn every_seed_holds_in_every_target_and_split() {
        let mut count = 0;
        for (name, target) in TARGETS {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
            for entry in folder.read_dir().unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
                let seed = std::fs::read(entry.expect("a seed can be listed").path()).expect("a seed can be read");
                for split in 0..=255 {
                    target(&[&[split], &seed[1..]].concat());
                }
                (0..=seed.len()).for_each(|end| target(&seed[..end]));
                count += 1;
            }
        }
        assert!(count >= TARGETS.len(), "{count} seeds");
    }

    #[test]
    fn pieces_are_the_whole() {
        for seed in 0..=255 {
            assert_eq!(pieces(seed, b"the quick brown fox jumps over the lazy dog").concat().len(), 43);
        }
        assert_eq!(pieces(0, b"abc"), [b"a", b"b", b"c"]);
        assert!(pieces(7, &[0; 1000]).iter().any(|piece| piece.len() > 8));
    }
}
