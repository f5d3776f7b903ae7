//! A network of the test's own: one namespace for the gateway and Outrider, one for the services, a cable between. Needs the right
//! to make namespaces, which a test that says it ran must have.

use std::ffi::OsStr;
use std::process::Command;

/// Two namespaces; taken away when dropped.
pub struct Namespaces {
    gateway: String,
    services: String,
}

impl Namespaces {
    /// The gateway is 10.77.0.1 and fd77::1, the services are 10.77.0.2, 10.77.0.3, fd77::2 and fd77::3.
    pub fn new() -> Self {
        // Tests run at the same time, each in a process or a thread of its own.
        let unique = format!("{:x}", std::process::id())
            + &format!("{:?}", std::thread::current().id()).replace(|c: char| !c.is_ascii_digit(), "");
        let made = Self { gateway: format!("org{unique}"), services: format!("ors{unique}") };
        let (gateway, services) = (&made.gateway, &made.services);
        ip(&format!("netns add {gateway}"));
        ip(&format!("netns add {services}"));
        ip(&format!("-n {gateway} link add v0 type veth peer name v1 netns {services}"));
        for (namespace, link, hosts) in [(gateway, "v0", &[1][..]), (services, "v1", &[2, 3])] {
            ip(&format!("-n {namespace} link set lo up"));
            for host in hosts {
                ip(&format!("-n {namespace} addr add 10.77.0.{host}/24 dev {link}"));
                ip(&format!("-n {namespace} addr add fd77::{host}/64 dev {link} nodad"));
            }
            ip(&format!("-n {namespace} link set {link} up"));
        }
        made
    }

    /// Runs `program` where the gateway is.
    pub fn gateway(&self, program: impl AsRef<OsStr>) -> Command {
        Self::command(&self.gateway, program)
    }

    /// Runs `program` where the services are.
    pub fn services(&self, program: impl AsRef<OsStr>) -> Command {
        Self::command(&self.services, program)
    }

    /// The name of the gateway's namespace.
    pub fn gateway_name(&self) -> &str {
        &self.gateway
    }

    fn command(namespace: &str, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace]).arg(program);
        command
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for name in [&self.gateway, &self.services] {
            // What is left of it goes with its last process.
            let _ = Command::new("ip").args(["netns", "del", name]).status();
        }
    }
}

fn ip(arguments: &str) {
    let status = Command::new("ip").args(arguments.split_whitespace()).status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "`ip {arguments}` does not work: is this root, and iproute2 there?"
    );
}
