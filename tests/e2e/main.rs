//! End to end: the real `outrider` binary with real peers, on loopback only.
//!
//! - `harness`: processes, the gateway, the road, clients, metrics
//! - `admin`: the admin port
//! - `alerts`: a real Alertmanager, mail, webhooks, the command line, and kills
//! - `attacks`: each with its bound
//! - `bytes_are_the_same`: a bare socket, directly and through the road
//! - `clients_see_the_same`: curl, httpx, websockets, undici and ws, directly and through the road
//! - `day`: one day of a gateway, and every metric of it
//! - `fails_open`: an observer that fails, in builds with the feature `chaos`
//! - `http2`: gRPC, curl and h2load over HTTP/2, with and without TLS
//! - `tls`: certificates, ALPN, a gateway of TLS, the PROXY protocol
//! - `stuck_readers`: clients that stop reading
//! - `websocket_metrics`: what is counted is what a client sent and received
//! - `many_sessions`: ten thousand idle WebSockets and a thousand busy ones
//! - `outage`: a gateway that is not there, and one that goes away
//! - `parsers`: our reader of HTTP/1 next to another
//! - `prometheus`: a real Prometheus and promtool read our metrics
//! - `kubernetes`: sidecars injected, the admission webhook, the kustomizations of `k8s/`
//! - `grafana`: what Grafana asks of a data source
//! - `traces`: a real collector, OpenTelemetry's SDK on both sides, Jaeger, the console, a full load
//! - `check`: what is said of a configuration, and exit codes
//! - `reload`: a configuration that changes while the road runs
//! - `services`: what the gateway itself calls
//! - `shipped`: dashboards, rules, the monitoring stack, the image and the documentation
//! - `soak`: a mixed load while things break
//! - `stop`: signals and the drain
//! - `system_calls`: what a request costs in them
//! - `transparency`: a raw client and a raw origin that exchange exact bytes with the road between
//!
//! Everything listens on a port that the system chose; every wait has a deadline and looks at a condition; every child
//! is ended by its id when its guard goes. What a run needs from outside (a Python environment, Node packages) is made once
//! under `target/` from pinned lists. `E2E_ROAD` puts another program in the road's place: see `harness::road`.

// A test may say what it saw; the lint is about the binary.
#![allow(clippy::print_stderr)]

mod admin;
mod alerts;
mod attacks;
mod bytes_are_the_same;
mod check;
mod clients_see_the_same;
mod day;
#[cfg(feature = "chaos")]
mod fails_open;
mod grafana;
mod harness;
mod http2;
mod kubernetes;
mod many_sessions;
mod outage;
mod parsers;
mod prometheus;
mod reload;
mod resets;
mod services;
mod shipped;
mod soak;
mod stop;
mod stuck_readers;
mod system_calls;
mod tls;
mod traces;
#[path = "../transparency/suite.rs"]
mod transparency;
mod websocket_metrics;
