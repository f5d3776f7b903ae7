//! What everything else stands on. Imports nothing of ours.
//!
//! - `duration`: durations as Prometheus writes them
//! - `file`: a file that is replaced as a whole
//! - `labels`: a sorted label set and its fingerprint
//! - `number`: a float as Prometheus' text shows it

pub mod duration;
pub mod file;
pub mod labels;
pub mod number;

pub use labels::Labels;
