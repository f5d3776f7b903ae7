//! What passes on a connection, told to whoever watches: the seam between the road and the observers.
//!
//! - `observer`: what the relay tells of one connection
//! - `edits`: what may be changed in bytes on their way to the gateway
//! - `coverage`: what this deployment can see, area by area
//! - `exchange`: what passed, as plain data
//! - `queue`: from the workers to the observe thread

pub mod coverage;
pub mod edits;
pub mod exchange;
pub mod observer;
pub mod queue;

pub use coverage::{Area, Coverage};
pub use edits::Edits;
pub use exchange::Exchange;
pub use observer::{Awaited, Decline, End, HELD, Observe, ObserveCalls, Observer, Side};
pub use queue::{Queue, Record};
