//! What a real FastAPI gateway calls with httpx, and what is seen of it.
//!
//! - `setting`: the gateway, its services and the road between
//! - `three_ways`: the same calls by ports, by HTTP_PROXY and redirected, with the same numbers
//! - `breakers`: observe changes nothing, enforce stops what is dead
//! - `outcomes`: services that reset, hang, are slow, answer half or vanish
//! - `redirects`: clients, TLS and ourselves, led by the kernel
//! - `checks`: checks of the gateway, over TLS and gRPC, and the order of a stop
//! - `cluster`: addresses by EndpointSlices
//! - `proxy`: the HTTP proxy and what it lets out
//! - `namespace`: a network of the test's own

mod breakers;
mod checks;
mod cluster;
pub mod namespace;
mod outcomes;
mod proxy;
mod redirects;
pub mod setting;
mod three_ways;
