//! The admin port: what it tells, to whom, and what it survives.
//!
//! - `coverage`: what is seen and what is not

mod coverage;
