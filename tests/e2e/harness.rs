//! What the tests stand on: processes, the road, the gateway, raw connections and metrics.
//!
//! - `wait`: deadlines
//! - `gateway`: FastAPI under uvicorn
//! - `installed`: folders under `target/` made once from a pinned list
//! - `process`: a child that ends with its guard, and what it printed
//! - `road`: Outrider and its configuration
//! - `raw`: HTTP over a bare socket
//! - `client`: curl, Python and Node
//! - `exposition`: Prometheus text, read

pub mod client;
pub mod exposition;
pub mod gateway;
pub mod installed;
pub mod process;
pub mod raw;
pub mod road;
pub mod wait;
