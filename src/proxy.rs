//! The road: accepts clients, reaches the gateway, moves bytes. One current-thread runtime per worker; no worker ever waits
//! for anything but its sockets.
//!
//! - `worker`: one worker's thread: accept, and stop in order
//! - `listen`: the listening sockets
//! - `connection`: one client's connection, from accept to end
//! - `connect`: reaching the gateway
//! - `stream`: what a relay pairs
//! - `relay`: a pair of connections, and the bytes between them
//! - `pump`: one direction of a relay
//! - `guard`: an observer that may fail
//! - `refusal`: the answer when the gateway cannot be reached
//! - `registry`: the connections of a worker, for draining

pub mod connect;
pub mod connection;
pub mod guard;
pub mod listen;
pub mod pump;
pub mod refusal;
pub mod registry;
pub mod relay;
pub mod stream;
pub mod worker;
