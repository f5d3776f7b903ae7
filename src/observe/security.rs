//! Attacks that a request shows by itself, and failures that add up. Detection only: nothing is ever blocked, and no text of
//! a request leaves this module, only what kind of attack it was.
//!
//! - `event`: kinds of security events
//! - `text`: a request target in all the decodings that a server behind might see
//! - `signature`: what injections look like
//! - `traversal`: paths that climb out of their root
//! - `agent`: scanners, by how they introduce themselves
//! - `detector`: one request, judged
//! - `failures`: brute force, by failures of one client within a window

mod agent;
pub mod detector;
pub mod event;
pub mod failures;
mod signature;
mod text;
mod traversal;

pub use detector::Detector;
pub use event::{Kind, Kinds};
pub use failures::Failures;
