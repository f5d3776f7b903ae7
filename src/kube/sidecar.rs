//! Our containers and volumes. What Outrider needs is little: no root, no capability, no file that it may write but its state.

use super::settings::{Range, User, Wishes};
use serde_json::{Value, json};

/// Our container's name; nobody else may have it.
pub(super) const CONTAINER: &str = "outrider";
/// The init container that programs the kernel.
pub(super) const REDIRECT: &str = "outrider-redirect";
/// The volumes' names.
pub(super) const CONFIG: &str = "outrider-config";
pub(super) const STATE: &str = "outrider-state";

/// Whom Outrider runs as where nobody says otherwise.
pub(super) const UID: u32 = 65532;
const FOLDER: &str = "/etc/outrider";

/// All that a sidecar's manifest depends on.
pub(super) struct Sidecar<'a> {
    pub(super) wishes: &'a Wishes,
    /// As an ordinary container.
    pub(super) plain: bool,
    pub(super) user: User,
    /// What fills the keys that the configuration does not set.
    pub(super) variables: Vec<(&'static str, String)>,
    pub(super) admin_port: u16,
    /// How the kubelet asks the admin port; `None` where it cannot, since that wants to see a certificate.
    pub(super) probes: Option<&'static str>,
    /// The gateway's container, where it has a limit of memory.
    pub(super) memory_of: Option<String>,
    /// How long a pod may take to stop, seconds.
    pub(super) grace: u64,
}

impl Sidecar<'_> {
    /// The container itself.
    pub(super) fn container(&self) -> Value {
        let mut container = json!({ "name": CONTAINER, "image": self.wishes.image });
        if !self.plain {
            container["restartPolicy"] = json!("Always");
        }
        container["args"] = json!(["run", "--config", format!("{FOLDER}/agent.yaml"), "--optional"]);
        if let Some(secret) = &self.wishes.secret {
            container["envFrom"] = json!([{ "secretRef": { "name": secret } }]);
        }
        container["env"] = self.environment();
        container["ports"] = json!([{ "name": "outrider-admin", "containerPort": self.admin_port }]);
        self.probe(&mut container);
        if self.plain {
            // All containers are asked to stop at once; what the gateway still has in flight passes through us.
            let patience = format!("{}s", self.grace.saturating_sub(2).max(1));
            let file = format!("{FOLDER}/agent.yaml");
            let command = ["/outrider", "linger", "--config", &file, "--optional", "--at-most", &patience];
            container["lifecycle"] = json!({ "preStop": { "exec": { "command": command } } });
        }
        container["resources"] = resources(&self.wishes.cpu, &self.wishes.memory);
        container["securityContext"] = self.security();
        let mut mounts = vec![json!({ "name": STATE, "mountPath": "/var/lib/outrider" })];
        if self.wishes.config.is_some() {
            // A folder and not a file: a file that is mounted by itself never changes.
            mounts.insert(0, json!({ "name": CONFIG, "mountPath": FOLDER, "readOnly": true }));
        }
        container["volumeMounts"] = Value::Array(mounts);
        container
    }

    /// The init container that leads connections to us.
    pub(super) fn redirect(&self) -> Value {
        let uid = match self.user {
            User::Id(uid) => uid,
            User::Any => UID,
        };
        let mut args = vec!["redirect".to_owned(), "--config".to_owned(), format!("{FOLDER}/agent.yaml")];
        args.extend(["--optional".to_owned(), "--uid".to_owned(), uid.to_string(), "--apply".to_owned()]);
        args.extend(self.wishes.exclude.iter().flat_map(|network| ["--exclude".to_owned(), network.to_string()]));
        let places = self.variables.iter().filter(|(name, _)| name.starts_with("OUTRIDER_"));
        let variables = places.map(|(name, value)| json!({ "name": name, "value": value }));
        let mut container = json!({
            "name": REDIRECT, "image": self.wishes.redirect_image, "args": args, "env": variables.collect::<Vec<_>>(),
            "resources": { "requests": { "cpu": "10m", "memory": "16Mi" }, "limits": { "memory": "64Mi" } },
            "securityContext": {
                "runAsUser": 0, "runAsGroup": 0, "runAsNonRoot": false, "allowPrivilegeEscalation": false,
                "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"], "add": ["NET_ADMIN"] },
                "seccompProfile": { "type": "RuntimeDefault" },
            },
        });
        if self.wishes.config.is_some() {
            container["volumeMounts"] = json!([{ "name": CONFIG, "mountPath": FOLDER, "readOnly": true }]);
        }
        container
    }

    /// The volumes.
    pub(super) fn volumes(&self) -> Vec<Value> {
        let config = self.wishes.config.as_ref();
        let config = config.map(|name| json!({ "name": CONFIG, "configMap": { "name": name, "optional": true } }));
        config.into_iter().chain([json!({ "name": STATE, "emptyDir": { "sizeLimit": "256Mi" } })]).collect()
    }

    fn environment(&self) -> Value {
        let field =
            |name: &str, path: &str| json!({ "name": name, "valueFrom": { "fieldRef": { "fieldPath": path } } });
        let mut all = vec![
            field("POD_NAME", "metadata.name"),
            field("POD_NAMESPACE", "metadata.namespace"),
            field("NODE_NAME", "spec.nodeName"),
        ];
        all.extend(self.variables.iter().map(|(name, value)| json!({ "name": name, "value": value })));
        if let Some(container) = &self.memory_of {
            let limit = json!({ "containerName": container, "resource": "limits.memory" });
            all.push(json!({ "name": "OUTRIDER_GATEWAY_MEMORY_LIMIT", "valueFrom": { "resourceFieldRef": limit } }));
        }
        Value::Array(all)
    }

    /// Started when we run, so that nothing waits for the gateway that has to start before it; ready when the gateway is. There is
    /// no liveness probe: a restart would cut every connection, and what the admin port answers says nothing of those.
    fn probe(&self, container: &mut Value) {
        let Some(scheme) = self.probes else {
            container["startupProbe"] = json!({
                "tcpSocket": { "port": self.admin_port }, "periodSeconds": 1, "failureThreshold": 60,
            });
            return;
        };
        let get = |path: &str| {
            let mut get = json!({ "path": path, "port": self.admin_port });
            if scheme == "https" {
                get["scheme"] = json!("HTTPS");
            }
            get
        };
        container["startupProbe"] = json!({ "httpGet": get("/healthz"), "periodSeconds": 1, "failureThreshold": 60 });
        container["readinessProbe"] =
            json!({ "httpGet": get("/readyz"), "periodSeconds": 5, "timeoutSeconds": 3, "failureThreshold": 3 });
    }

    fn security(&self) -> Value {
        let mut security = json!({ "runAsNonRoot": true });
        if let User::Id(uid) = self.user {
            security["runAsUser"] = json!(uid);
            security["runAsGroup"] = json!(uid);
        }
        security["allowPrivilegeEscalation"] = json!(false);
        security["readOnlyRootFilesystem"] = json!(true);
        security["capabilities"] = json!({ "drop": ["ALL"] });
        security["seccompProfile"] = json!({ "type": "RuntimeDefault" });
        security
    }
}

fn resources(cpu: &Range, memory: &Range) -> Value {
    let mut resources = json!({ "requests": {} });
    for (name, range) in [("cpu", cpu), ("memory", memory)] {
        for (kind, quantity) in [("requests", &range.request), ("limits", &range.limit)] {
            if let Some(quantity) = quantity {
                resources[kind][name] = json!(quantity);
            }
        }
    }
    resources
}
