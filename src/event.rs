//! What passes on a connection, told to whoever watches: the seam between the road and the observers.
//!
//! - `observer`: what the relay tells of one connection
//! - `edits`: what may be changed in bytes on their way to the gateway
//! - `coverage`: what this deployment can see, area by area
//! - `exchange`: what passed, as plain data
//! - `call`: a call of the gateway's that is over
//! - `session`: a WebSocket session that is over
//! - `context`: which trace something belongs to
//! - `queue`: from the workers to the observe thread

pub mod call;
pub mod context;
pub mod coverage;
pub mod edits;
pub mod exchange;
pub mod observer;
pub mod queue;
pub mod session;

pub use call::Call;
pub use context::{Context, SpanId, TraceId, Traced};
pub use coverage::{Area, Coverage};
pub use edits::Edits;
pub use exchange::Exchange;
pub use observer::{Awaited, Decline, End, HELD, Observe, ObserveCalls, Observer, Side};
pub use queue::{Queue, Record};
pub use session::Session;
