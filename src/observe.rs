//! What is derived from the bytes that pass. Parsers are in `wire`; the transport is none of our business.
//!
//! - `worker`: what the observers of one worker share
//! - `flood`: for tests, a million distinct values
//! - `seen`: for tests, a connection and what was counted on it
//! - `routes`: one generation of endpoints and their metric handles
//! - `chaos`: for tests, an observer that fails
//! - `connection`: one connection from its first bytes on, which tell the protocol
//! - `http1`: one connection that begins as HTTP/1
//! - `http2`: one connection that speaks HTTP/2
//! - `grpc`: one gRPC call
//! - `websocket`: one WebSocket session
//! - `interest`: what is derived from whole exchanges, by the configuration
//! - `chance`: which of many are taken, at a share
//! - `watch`: what a worker tells of exchanges
//! - `deferred`: what is derived from whole exchanges, off the data path
//! - `business`: what requests are about
//! - `exemplars`: the last trace of each endpoint
//! - `extent`: where an answer over HTTP/2 is whole
//! - `exposed`: all families, complete up to the moment somebody looks
//! - `clients`: clients, told apart without naming them
//! - `auth`: credentials and what becomes of them
//! - `ratelimit`: limits, as responses tell them
//! - `security`: attacks that a request shows, and failures that add up
//! - `signature`: breakers of the gateway's own
//! - `egress`: the gateway's own calls
//! - `traces`: which trace a request belongs to, and whether it has a span
//! - `edits`: every change we make to what passes

pub mod auth;
pub mod business;
mod chance;
#[cfg(feature = "chaos")]
mod chaos;
pub mod clients;
pub mod connection;
pub mod deferred;
pub mod edits;
pub mod egress;
pub mod exemplars;
pub mod exposed;
mod extent;
#[cfg(test)]
mod flood;
pub mod grpc;
pub mod http1;
pub mod http2;
pub mod interest;
pub mod ratelimit;
pub mod routes;
pub mod security;
#[cfg(test)]
mod seen;
pub mod signature;
mod traces;
mod watch;
pub mod websocket;
pub mod worker;

pub use deferred::Deferred;
pub use exemplars::Exemplars;
pub use exposed::Exposed;
pub use interest::Interests;
pub use traces::Traces;
pub use worker::{Plan, Worker};
