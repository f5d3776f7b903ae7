//! What an image holds is enough: the binary runs in it with nothing else, as nobody, on a root that cannot be written, without a
//! capability. The root file system is laid by the same script as in the Dockerfile, out of the binary under test.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::gateway::Gateway;
use crate::harness::raw;
use crate::harness::road::Road;
use crate::harness::wait;

/// The user of the image.
const USER: u32 = 65532;

/// A root file system and the two folders that are mounted into it.
struct Image {
    root: TempDir,
    config: TempDir,
    state: TempDir,
}

impl Image {
    fn laid() -> Self {
        let folder = || tempfile::tempdir().expect("a folder");
        let image = Self { root: folder(), config: folder(), state: folder() };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("ci/image.sh");
        let mut lay = Command::new(script);
        let output = lay.arg(env!("CARGO_BIN_EXE_outrider")).arg(image.root.path()).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // What the base image brings.
        let certificates = image.root.path().join("etc/ssl/certs");
        fs::create_dir_all(&certificates).expect("a folder");
        let (from, to) = ("/etc/ssl/certs/ca-certificates.crt", certificates.join("ca-certificates.crt"));
        fs::copy(from, to).expect("this machine has Debian's ca-certificates");
        // What a container engine mounts.
        fs::write(image.root.path().join("etc/hosts"), "127.0.0.1 localhost\n").expect("written");
        for name in ["proc", "dev"] {
            fs::create_dir(image.root.path().join(name)).expect("a folder");
        }
        for folder in [&image.root, &image.config] {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("ours");
        }
        chown(image.state.path(), Some(USER), Some(USER)).expect("this is root");
        image
    }

    /// Runs the image's program in a mount namespace of its own; `before` may do more there.
    fn command(&self, before: &str) -> Command {
        let [root, config, state] = [&self.root, &self.config, &self.state].map(|folder| folder.path().display());
        let script = format!(
            "mount --bind {root} {root} && mount -o remount,bind,ro {root} && mount --rbind /proc {root}/proc && \
             mount --bind /dev {root}/dev && mount --bind {config} {root}/etc/outrider && {before} \
             exec setpriv --no-new-privs --bounding-set=-all,+setuid,+setgid,+sys_chroot --inh-caps=-all \
             chroot --userspec={USER}:{USER} --groups= {root} /outrider \"$@\"",
            before = before.replace("STATE", &state.to_string()).replace("ROOT", &root.to_string())
        );
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-euc", &script, "outrider"]);
        command
    }

    fn configure(&self, gateway: &Gateway) {
        let text = format!(
            "log: {{ level: info, format: json }}\n\
             ingress: {{ listen: '127.0.0.1:0', gateway: '{}' }}\nadmin: {{ listen: '127.0.0.1:0' }}\n\
             history: {{ interval: 1s, path: /var/lib/outrider/history }}\nalerting: {{ interval: 1s }}\n",
            gateway.address
        );
        let file = self.config.path().join("agent.yaml");
        fs::write(&file, text).expect("written");
        fs::set_permissions(file, fs::Permissions::from_mode(0o644)).expect("ours");
    }

    /// `outrider run`, with `before` done first.
    fn run(&self, before: &str) -> Road {
        let folder = tempfile::tempdir().expect("a folder");
        Road::run_by(folder, self.command(before), Path::new("/etc/outrider/agent.yaml"))
    }
}

const STATE: &str = "mount --bind STATE ROOT/var/lib/outrider &&";

fn status(pid: u32, field: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.expect("a field of the kernel's").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn said(output: Output) -> String {
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn the_image_runs_as_nobody_on_a_root_that_cannot_be_written_without_a_capability() {
    let (gateway, image) = (Gateway::start(), Image::laid());
    image.configure(&gateway);
    let road = image.run(STATE);
    let pid = road.process.id();
    assert_eq!(status(pid, "Uid"), format!("{USER} {USER} {USER} {USER}"));
    assert_eq!(status(pid, "Groups"), "");
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(status(pid, set), "0000000000000000", "{set}");
    }
    assert_eq!(status(pid, "NoNewPrivs"), "1");

    assert_eq!(raw::get(road.ingress, "/items/7").status, 200);
    assert!(road.metrics().sum("http_requests_total") >= 1.0);
    // Names are looked up, and the health check is the image's own.
    let mut check = image.command(STATE);
    let admin = format!("http://localhost:{}", road.admin().port());
    let output = check.args(["status", "--ready", "--admin", &admin]).output().expect("it runs");
    assert!(output.status.success(), "{}", said(output));
    let (state, database) = (image.state.path(), image.state.path().join("alerts.db"));
    wait::until("the database of alerts", || database.exists().then_some(()));
    let overview: Value =
        serde_json::from_slice(&raw::get(road.admin(), "/api/v1/observability").body).expect("an answer is JSON");
    assert_eq!(overview["health"]["overall_status"], "healthy", "{overview}");
    // It wrote where it was told to, as who it is; the root could not be written.
    for entry in fs::read_dir(state).expect("the folder is there") {
        let entry = entry.expect("it is readable");
        let owner = std::os::unix::fs::MetadataExt::uid(&entry.metadata().expect("it is there"));
        assert_eq!(owner, USER, "{:?}", entry.path());
    }
    drop(gateway);
    let mut check = image.command(STATE);
    wait::until("a health check that fails", || {
        let output = check.args(["status", "--ready", "--admin", &admin]).output().expect("it runs");
        (output.status.code() == Some(1)).then_some(())
    });
}

#[test]
fn without_a_place_to_write_alerts_are_kept_in_memory_and_that_is_told() {
    let (gateway, image) = (Gateway::start(), Image::laid());
    image.configure(&gateway);
    let road = image.run("");
    assert_eq!(raw::get(road.ingress, "/items/7").status, 200);
    wait::until("a store that is not durable", || {
        (road.metrics().get("outrider_alerts_store_durable") == Some(0.0)).then_some(())
    });
}

#[test]
fn the_image_holds_licences_and_a_bill_of_what_is_in_the_binary() {
    let image = Image::laid();
    let folder = image.root.path().join("usr/share/doc/outrider");
    let licences = fs::read_to_string(folder.join("THIRD-PARTY.txt")).expect("it is there");
    let bill: Value =
        serde_json::from_slice(&fs::read(folder.join("sbom.cdx.json")).expect("it is there")).expect("JSON");
    let names: Vec<&str> =
        bill["components"].as_array().expect("a list").iter().filter_map(|one| one["name"].as_str()).collect();
    for name in ["tokio", "rustls", "libsqlite3-sys", "mimalloc"] {
        assert!(names.contains(&name) && licences.contains(&format!("== {name} ")), "{name}");
    }
    for name in ["proptest", "rcgen", "cc", "tempfile"] {
        assert!(!names.contains(&name), "{name} is not in the binary");
    }
    assert!(folder.join("LICENSE").exists());
}
