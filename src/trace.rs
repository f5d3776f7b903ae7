//! Spans out of traffic: contexts in headers, whether a span is made, what is in it, and where it goes.
//!
//! - `propagate`: contexts in headers, every form of them
//! - `id`: new ids
//! - `sample`: whether a span is made
//! - `policy`: what is decided at a request's head
//! - `link`: which request caused a call
//! - `span`: what is in a span
//! - `recent`: the last spans
//! - `tracer`: spans of what passed
//! - `export`: where spans go
//! - `receiver`: spans that the gateway makes itself
//! - `desk`: what runs at present

pub mod desk;
pub mod export;
pub mod id;
pub mod link;
pub mod policy;
pub mod propagate;
pub mod receiver;
pub mod recent;
pub mod sample;
pub mod span;
pub mod tracer;

pub use desk::Desk;
pub use link::Links;
pub use policy::{Begun, Policy};
pub use tracer::Tracer;
