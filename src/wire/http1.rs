//! HTTP/1.x as RFC 9112 has it, read by a bystander.
//!
//! - `head`: request and status lines with their fields
//! - `body`: how long a body is, and where in a stream it ends
//! - `chunked`: the chunked transfer coding
//! - `blank`: finds the empty line that ends a head, however the bytes come

pub mod blank;
pub mod body;
pub mod chunked;
pub mod head;

pub use blank::BlankLine;
pub use body::{Body, Step};
pub use head::{HeadError, RequestHead, ResponseHead, Upgrade, decimal, may_be_response, request, response};

/// A head longer than this is not parsed; the connection goes on unobserved.
pub const HEAD_LIMIT: usize = 64 * 1024;
