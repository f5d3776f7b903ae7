//! `outrider inject` and `outrider uninject`: manifests in, manifests out.

use super::agent::Failed;
use super::say;
use crate::kube::inject::{self, Done};
use crate::kube::settings::Defaults;
use anyhow::Result;
use clap::Args;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes of one file, at most.
const LIMIT: u64 = 64 << 20;

/// Put Outrider beside the gateways in Kubernetes manifests.
///
/// Reads Deployments, StatefulSets, DaemonSets, ReplicaSets, Jobs, CronJobs, Pods and Lists of them, and writes them with the
/// sidecar; everything else comes out as it was, byte for byte. Of an object that is altered, the order of keys is kept and comments
/// inside it are lost. Services of the same input that name the gateway's port by its number are led to the sidecar. What a pod
/// wants otherwise it says in annotations, `outrider.dev/*`: see docs/kubernetes.md. Injecting twice is injecting once; `outrider
/// uninject` takes it all back.
///
/// For example: `outrider inject -f app.yaml | kubectl apply -f -`
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Inject {
    /// Manifests, in YAML or JSON; `-` is standard input. May be given several times.
    #[arg(long, short, required = true, value_name = "FILE")]
    file: Vec<PathBuf>,
    #[command(flatten)]
    defaults: Injection,
}

/// How sidecars are where pods say nothing else.
#[derive(Args)]
pub(super) struct Injection {
    /// The sidecar's image.
    #[arg(long, env = "OUTRIDER_IMAGE", default_value = concat!("outrider:", env!("CARGO_PKG_VERSION")))]
    image: String,
    /// The image of the init container that redirects connections: Outrider's with nftables or iptables.
    #[arg(long, env = "OUTRIDER_REDIRECT_IMAGE", value_name = "IMAGE",
        default_value = concat!("outrider:", env!("CARGO_PKG_VERSION"), "-redirect"))]
    redirect_image: String,
    /// As an ordinary container: for clusters before 1.29, which do not know native sidecars.
    #[arg(long)]
    plain: bool,
    /// The agent.yaml that the ConfigMap holds: where it sets ports, the manifests follow it.
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Take out of Kubernetes manifests what `outrider inject` put in.
#[derive(Args)]
pub(super) struct Uninject {
    /// Manifests, in YAML or JSON; `-` is standard input. May be given several times.
    #[arg(long, short, required = true, value_name = "FILE")]
    file: Vec<PathBuf>,
}

impl Injection {
    pub(super) fn settle(&self) -> Defaults {
        Defaults {
            image: self.image.clone(),
            redirect_image: self.redirect_image.clone(),
            plain: self.plain,
            config: self.config.clone(),
        }
    }
}

pub(super) fn inject(args: &Inject) -> Result<()> {
    let defaults = args.defaults.settle();
    each(&args.file, |text| inject::inject(text, &defaults))
}

pub(super) fn uninject(args: &Uninject) -> Result<()> {
    each(&args.file, inject::uninject)
}

/// Writes what `work` makes of all files, or nothing if there is a fault in any.
#[allow(clippy::print_stderr)]
fn each(files: &[PathBuf], work: impl Fn(&str) -> Result<Done, Vec<String>>) -> Result<()> {
    let (mut manifests, mut said, mut faults) = (String::new(), Vec::new(), Vec::new());
    for file in files {
        let name = if is_stdin(file) { "standard input".to_owned() } else { file.display().to_string() };
        match read(file).map_err(|error| vec![error]).and_then(|text| work(&text)) {
            Ok(done) => {
                join(&mut manifests, &done.text);
                said.extend(done.said.into_iter().map(|line| format!("{name}: {line}")));
            }
            Err(found) => faults.extend(found.into_iter().map(|fault| format!("{name}: {fault}"))),
        }
    }
    if !faults.is_empty() {
        eprintln!("{}", faults.join("\n"));
        let (count, plural) = (faults.len(), if faults.len() == 1 { "" } else { "s" });
        return Err(Failed(format!("{count} fault{plural}; nothing was written")).into());
    }
    if !said.is_empty() {
        eprintln!("{}", said.join("\n"));
    }
    say(&manifests)
}

fn join(manifests: &mut String, text: &str) {
    if !manifests.is_empty() {
        if !manifests.ends_with('\n') {
            manifests.push('\n');
        }
        if !text.starts_with("---") {
            manifests.push_str("---\n");
        }
    }
    manifests.push_str(text);
}

fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

fn read(file: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = match is_stdin(file) {
        true => std::io::stdin().lock().take(LIMIT + 1).read_to_end(&mut bytes),
        false => std::fs::File::open(file).and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes)),
    };
    read.map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > LIMIT {
        return Err(format!("has more than {LIMIT} bytes"));
    }
    String::from_utf8(bytes).map_err(|error| format!("byte {} is not UTF-8", error.utf8_error().valid_up_to()))
}
