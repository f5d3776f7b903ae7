//! The road: accepts clients, reaches the gateway, moves bytes. One current-thread runtime per worker; no worker ever waits
//! for anything but its sockets.
//!
//! - `worker`: one worker's thread: accept, and stop in order
//! - `listen`: the listening sockets
//! - `connection`: one client's connection, from accept to end
//! - `first`: the first bytes, where something must be known before the gateway is reached
//! - `road`: where the gateway is, and what is spoken on the way
//! - `connect`: reaching the gateway
//! - `descriptors`: what a pair is made of, when there are none left
//! - `stream`: what a relay pairs
//! - `relay`: a pair of connections, and the bytes between them
//! - `tls`: TLS on either side
//! - `pump`: one direction of a relay
//! - `egress`: the calls of the gateway itself
//! - `guard`: an observer that may fail
//! - `refusal`: the answer when the gateway cannot be reached
//! - `registry`: the connections of a worker, for draining

pub mod connect;
pub mod connection;
pub mod descriptors;
pub mod egress;
pub mod first;
pub mod guard;
pub mod listen;
pub mod pump;
pub mod refusal;
pub mod registry;
pub mod relay;
pub mod road;
pub mod stream;
pub mod tls;
pub mod worker;
