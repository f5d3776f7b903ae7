//! What everything else stands on. Imports nothing of ours.
//!
//! - `ascii`: names that are the same in any case
//! - `duration`: durations as Prometheus writes them
//! - `file`: a file that is replaced as a whole
//! - `hash`: maps and sets of texts and label sets
//! - `labels`: a sorted label set and its fingerprint
//! - `number`: a float as Prometheus' text shows it

pub mod ascii;
pub mod duration;
pub mod file;
pub mod hash;
pub mod labels;
pub mod number;

pub use hash::{Map, Set};
pub use labels::Labels;
