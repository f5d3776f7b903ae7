//! What passes on a connection, told to whoever watches: the seam between the road and the observers.
//!
//! - `observer`: what the relay tells of one connection
//! - `edits`: what may be changed in bytes on their way to the gateway
//! - `coverage`: what this deployment can see, area by area

pub mod coverage;
pub mod edits;
pub mod observer;

pub use coverage::{Area, Coverage};
pub use edits::Edits;
pub use observer::{Awaited, End, HELD, Observe, Observer, Side};
