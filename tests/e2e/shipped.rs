//! What we ship beside the binary does what it says.
//!
//! - `dashboards`: every query of every dashboard and rule, in a Prometheus and in Outrider
//! - `peers`: the Prometheus of these tests, and what it is asked
//! - `table`: the families that there are, and what PromQL names of them
//! - `metrics_page`: docs/metrics.md is what the code says
//! - `compose`: the files of the monitoring stack, by the tools that read them
//! - `replicas`: a gateway of several replicas behind a name
//! - `image`: what an image holds is enough, with nothing writable and no rights
//! - `commands`: the commands of the documentation

mod commands;
mod compose;
mod dashboards;
mod image;
mod metrics_page;
mod peers;
mod replicas;
mod table;
