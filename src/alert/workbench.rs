//! What the author of rules works with: `outrider rules check`, `test`, `export` and `backtest`. Nothing here prints; each
//! gives what is to be said, and whether it is good.
//!
//! - `check`: is it valid
//! - `unit`: does it do what its tests say, in the format of `promtool test rules`
//! - `export`: the same rules for a Prometheus
//! - `backtest`: what would have fired
//! - `run`: rules over a source, tick by tick

pub mod backtest;
pub mod check;
pub mod export;
mod run;
pub mod unit;
