//! What everything else stands on. Imports nothing of ours.
//!
//! - `labels`: a sorted label set and its fingerprint

pub mod labels;

pub use labels::Labels;
