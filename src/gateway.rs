//! The gateway beside us, as far as it can be seen without asking its clients: its process, what it exposes itself, its document.
//!
//! - `process`: what `/proc` and the control groups know of its processes
//! - `exposition`: a text of metrics, read
//! - `merge`: its own metrics, to be appended to ours
//! - `document`: its OpenAPI document, fetched now and then
//! - `fetch`: a text over HTTP

pub mod document;
pub mod exposition;
mod fetch;
pub mod merge;
pub mod process;

pub use merge::Merged;
pub use process::Process;
