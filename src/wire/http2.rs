//! HTTP/2 as RFC 9113 has it, read by a bystander: nothing is answered, acknowledged or flow-controlled here.
//!
//! - `frame`: frame headers, and what their flags say
//! - `scanner`: cuts one direction of a connection into frames, however the bytes come
//! - `hpack`: field blocks (RFC 7541)
//! - `table`: the dynamic table of one direction
//! - `huffman`: its string coding

pub mod frame;
pub mod hpack;
pub mod huffman;
pub mod scanner;
pub mod table;

pub use frame::{Header, Kind};
pub use hpack::{Decoder, HpackError, literal};
pub use scanner::{Event, FrameError, Scanner};

/// A field block longer than this is not parsed; the connection goes on unobserved.
pub const BLOCK_LIMIT: usize = 64 * 1024;
