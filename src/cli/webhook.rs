//! `outrider webhook`: the admission webhook that puts sidecars into pods as they are created.

use super::inject::Injection;
use crate::app::webhook::{self, Endpoint};
use anyhow::Result;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Answer the API server's question what is to become of a pod: it gets its sidecar when it is created.
///
/// Serves `POST /inject` (AdmissionReview of admission.k8s.io/v1) and `GET /healthz`, over TLS alone. The certificate is read again
/// when its files change. A pod that cannot have a sidecar is let in as it is, with a warning. See k8s/overlays/webhook.
#[derive(Args)]
pub(super) struct Webhook {
    /// Where to listen.
    #[arg(long, default_value = "0.0.0.0:9443")]
    listen: SocketAddr,
    /// The certificate chain, in PEM.
    #[arg(long, value_name = "FILE", default_value = "/tls/tls.crt")]
    tls_cert: PathBuf,
    /// Its private key, in PEM.
    #[arg(long, value_name = "FILE", default_value = "/tls/tls.key")]
    tls_key: PathBuf,
    #[command(flatten)]
    defaults: Injection,
}

pub(super) fn run(args: &Webhook) -> Result<()> {
    let (cert, key) = (args.tls_cert.clone(), args.tls_key.clone());
    webhook::run(Endpoint { listen: args.listen, cert, key, defaults: args.defaults.settle() })
}
