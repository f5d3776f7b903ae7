//! Nothing is changed: exact bytes between a raw client and a raw origin, directly and with the road between.
//!
//! - `case`: a case, and how its file is read
//! - `cases`: every file of `cases/` as a test
//! - `long`: bodies of a gibibyte and readers that stop
//! - `mutated`: the cases' bytes, mutilated at random
//! - `peer`: one end of a connection
//! - `run`: plays a case
//! - `text`: bytes for people to read

mod case;
mod cases;
mod long;
mod mutated;
mod peer;
mod run;
mod text;
