//! What is derived from the bytes that pass. Parsers are in `wire`; the transport is none of our business.
//!
//! - `worker`: what the observers of one worker share
//! - `routes`: one generation of endpoints and their metric handles
//! - `http1`: one connection that begins as HTTP/1
//! - `websocket`: one WebSocket session
//! - `edits`: every change we make to what passes

pub mod edits;
pub mod http1;
pub mod routes;
pub mod websocket;
pub mod worker;

pub use worker::{Plan, Worker};
