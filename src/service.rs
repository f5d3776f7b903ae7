//! What the gateway calls: where each service is, whether it works, and what its circuit breaker says. Nothing here is on the
//! data path but reads of what was published last, and short locks of a breaker and of what is known of an address.
//!
//! - `breaker`: the state machine over outcomes, pure
//! - `circuit`: a service's breaker, shared by all threads, and its metrics
//! - `instance`, `instances`: the addresses of a service, and whether they work
//! - `directory`: all services, and whose a call is
//! - `pair`: one connection to a service, and its calls
//! - `control`: the control plane: looks after all of them
//! - `discovery`: names become addresses
//! - `gateway`: active checks of the gateway itself
//! - `check`: active checks · `probe`: one question to one address

pub mod breaker;
mod check;
pub mod circuit;
pub mod control;
pub mod directory;
mod discovery;
pub mod gateway;
pub mod instance;
pub mod instances;
pub mod pair;
pub mod probe;

pub use circuit::{Circuit, Ending};
pub use directory::{Directory, Service};
pub use instance::Instance;
pub use pair::{Call, Pair};
