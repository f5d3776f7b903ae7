//! Kubernetes manifests in, manifests with Outrider beside the gateway out, and back again. Nothing here talks to a cluster, and
//! nothing that is not about the sidecar is altered: a document that needs no change is given back as it was written.
//!
//! - `yaml`: one document as the API server would read it, and written for people
//! - `stream`: several documents in one text
//! - `edit`: changes that remember what was there
//! - `annotation`: what a pod can say about its sidecar
//! - `workload`: kinds that make pods, and where in them the pod is
//! - `gateway`: the container and the port that Outrider stands in front of
//! - `settings`: what is to be injected
//! - `sidecar`: our containers and volumes
//! - `pod`: a pod with the sidecar
//! - `service`: Services whose clients would pass us by
//! - `inject`: whole texts
//! - `review`: what an API server asks of an admission webhook

pub mod annotation;
mod edit;
mod gateway;
pub mod inject;
mod pod;
pub mod review;
mod service;
pub mod settings;
mod sidecar;
mod stream;
mod workload;
mod yaml;
