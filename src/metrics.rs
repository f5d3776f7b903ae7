//! Metric families, their handles and their exposition. Every family's name is written once, here.
//!
//! - `family`: children of one family by label values; scraping never holds up who counts
//! - `estimate`: how many series a configuration can lead to
//! - `openmetrics`: the exposition as OpenMetrics
//! - `registry`: all families, and how many series they may have
//! - `http`: the families of HTTP exchanges
//! - `gateway`: the gateway's processes
//! - `route`: how many endpoints there are
//! - `http2`: how HTTP/2 ends streams and connections before their time
//! - `grpc`: the families of gRPC calls
//! - `sizes`: a histogram that many observations are added to at once
//! - `websocket`: the families of WebSocket sessions and messages
//! - `business`: families that the configuration names
//! - `security`: credentials, limits and attacks
//! - `road`: what we count of our own road: connections, opaque ones, failures
//! - `service`: the families of what the gateway calls
//! - `tls`: handshakes and certificates
//! - `admin`: what the admin port counts of itself
//! - `agent`: what we count of ourselves: build, reloads
//! - `trace`: what we count of spans
//! - `reading`: what all of it says at one instant
//! - `totals`: sums over all traffic

pub mod admin;
pub mod agent;
pub mod business;
pub mod estimate;
pub mod family;
pub mod gateway;
pub mod grpc;
pub mod http;
pub mod http2;
pub mod openmetrics;
pub mod reading;
pub mod registry;
pub mod road;
pub mod route;
pub mod security;
pub mod service;
pub mod sizes;
pub mod tls;
pub mod totals;
pub mod trace;
pub mod websocket;

pub use admin::AdminMetrics;
pub use agent::AgentMetrics;
pub use business::{BusinessMetrics, Taken};
pub use family::Family;
pub use gateway::GatewayMetrics;
pub use grpc::GrpcMetrics;
pub use http::HttpMetrics;
pub use http2::Http2Metrics;
pub use registry::{Described, Registry};
pub use road::RoadMetrics;
pub use route::RouteMetrics;
pub use security::SecurityMetrics;
pub use service::ServiceMetrics;
pub use tls::TlsMetrics;
pub use trace::TraceMetrics;
pub use websocket::WebSocketMetrics;

pub use prometheus::{Counter, Histogram, IntCounter, IntGauge};
