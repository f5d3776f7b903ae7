//! One document as the API server would read it: YAML as kubectl understands it (the scalars of YAML 1.1, where `0644` is 420 and
//! `yes` is true), or JSON. Written again, every reader of either version gets the same values.
//!
//! - `read`: text into values
//! - `scalar`: what a word without quotes means
//! - `write`: values into text

mod read;
mod scalar;
mod write;

pub(super) use read::read;
pub(super) use write::write;
