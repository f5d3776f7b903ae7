//! End to end: the real `outrider` binary with real peers, on loopback only.
//!
//! - `harness`: processes, the road, raw connections, metrics
//! - `reload`: a configuration that changes while the road runs
//! - `transparency`: a raw client and a raw origin that exchange exact bytes with the road between
//!
//! Everything listens on a port that the system chose; every wait has a deadline and looks at a condition; every child
//! is ended by its id when its guard goes. `E2E_ROAD` puts another program in the road's place: see `harness::road`.

// A test may say what it saw; the lint is about the binary.
#![allow(clippy::print_stderr)]

mod harness;
mod reload;
#[path = "../transparency/suite.rs"]
mod transparency;
