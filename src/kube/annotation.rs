//! What a pod can say about its sidecar: annotations of the pod, or of the pod template in what makes pods.

/// An annotation, what it takes and what holds without it.
pub struct Annotation {
    /// What follows `outrider.dev/`.
    pub name: &'static str,
    /// What it takes.
    pub takes: &'static str,
    /// What holds without it.
    pub default: &'static str,
    /// What it does.
    pub does: &'static str,
}

/// What all of ours begin with; the label of an injected pod too.
pub const PREFIX: &str = "outrider.dev/";
/// What `uninject` takes back.
pub(super) const ORIGINAL: &str = "outrider.dev/original";
/// A label of pods that have the sidecar, for selectors.
pub const INJECTED: &str = "outrider.dev/injected";

pub(super) const INJECT: &str = "inject";
pub(super) const CONTAINER: &str = "gateway-container";
pub(super) const GATEWAY_PORT: &str = "gateway-port";
pub(super) const PORT: &str = "port";
pub(super) const ADMIN_PORT: &str = "admin-port";
pub(super) const IMAGE: &str = "image";
pub(super) const SERVICE: &str = "service";
pub(super) const CONFIG: &str = "config";
pub(super) const SECRET: &str = "secret";
pub(super) const MERGE: &str = "merge";
pub(super) const REDIRECT: &str = "redirect";
pub(super) const REDIRECT_IMAGE: &str = "redirect-image";
pub(super) const EXCLUDE: &str = "redirect-exclude";
pub(super) const USER: &str = "run-as-user";
pub(super) const SHARE: &str = "share-process-namespace";
pub(super) const CPU_REQUEST: &str = "cpu-request";
pub(super) const CPU_LIMIT: &str = "cpu-limit";
pub(super) const MEMORY_REQUEST: &str = "memory-request";
pub(super) const MEMORY_LIMIT: &str = "memory-limit";

macro_rules! table {
    ($($name:expr, $takes:literal, $default:literal, $does:literal;)*) => {
        &[$(Annotation { name: $name, takes: $takes, default: $default, does: $does }),*]
    };
}

/// All of them.
pub const TABLE: &[Annotation] = table![
    INJECT, "`enabled` or `disabled`", "`enabled`", "whether the pod gets a sidecar; said to be `enabled`, a pod that cannot have one is an error and not passed over";
    CONTAINER, "a container's name", "the container that has the port", "the container that is the gateway";
    GATEWAY_PORT, "a port's name or number", "the port named `http`, `web`, `proxy`, `api`, `h2c` or `grpc`, or beginning so; else the only TCP port", "where the gateway listens";
    PORT, "a port", "`15080`", "where the sidecar takes what was meant for the gateway";
    ADMIN_PORT, "a port", "`9600`", "metrics, health and the web page";
    IMAGE, "an image", "`--image`", "the sidecar's image";
    SERVICE, "a name", "the workload's name", "the gateway's name in labels, traces and alerts";
    CONFIG, "the name of a ConfigMap, or `none`", "`outrider`", "the configuration, in the key `agent.yaml`; it need not be there, and is followed when it comes or changes";
    SECRET, "the name of a Secret", "none", "variables of the environment: what `{ env: NAME }` asks for in the configuration";
    MERGE, "a URL, or `off`", "what `prometheus.io/*` say of the gateway", "the gateway's own metrics, told together with ours";
    REDIRECT, "`off`, `ingress`, `egress` or `both`", "`off`", "whether the kernel leads connections to the sidecar, by an init container with NET_ADMIN";
    REDIRECT_IMAGE, "an image", "`--redirect-image`", "an image of Outrider that has nftables or iptables as well";
    EXCLUDE, "networks, with commas between", "none", "what the gateway reaches directly all the same";
    USER, "a user's number, or `any`", "`65532`; the gateway's own where processes are shared", "the sidecar's user; `any` leaves it to the cluster, as OpenShift wants";
    SHARE, "`true` or `false`", "`false`", "whether the sidecar sees the gateway's processes, for its memory, CPU and descriptors";
    CPU_REQUEST, "a quantity", "`50m`", "CPU that is kept for the sidecar";
    CPU_LIMIT, "a quantity", "none", "CPU that the sidecar may not pass; a limit throttles the gateway's traffic too";
    MEMORY_REQUEST, "a quantity", "`64Mi`", "memory that is kept for the sidecar";
    MEMORY_LIMIT, "a quantity", "`256Mi`", "memory that the sidecar may not pass";
];

/// The key of an annotation.
pub(super) fn key(name: &str) -> String {
    format!("{PREFIX}{name}")
}

/// The table as docs/kubernetes.md has it.
#[cfg(test)]
fn markdown() -> String {
    let mut text = "| annotation | takes | without it | what it does |\n|---|---|---|---|\n".to_owned();
    for Annotation { name, takes, default, does } in TABLE {
        text += &format!("| `{PREFIX}{name}` | {takes} | {default} | {does} |\n");
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_guide_has_the_table() {
        let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/kubernetes.md");
        let guide = std::fs::read_to_string(guide).expect("the guide is there");
        let table = super::markdown();
        assert!(guide.contains(&table), "docs/kubernetes.md needs this table:\n{table}");
    }
}
