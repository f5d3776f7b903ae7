//! The rules as commands. Installing twice is installing once; our chains and our table have names of their own, so nothing else
//! is touched.

use super::Backend;
use ipnet::IpNet;
use std::fmt::Write;

/// What is to be redirected.
pub(super) struct Plan {
    /// Whose connections are not.
    pub(super) uid: u32,
    /// Where the gateway's connections are led.
    pub(super) egress: Option<u16>,
    /// The gateway's port, and where its clients are led.
    pub(super) ingress: Option<(u16, u16)>,
    /// What the gateway reaches directly.
    pub(super) exclude: Vec<IpNet>,
}

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) program: String,
    pub(super) arguments: Vec<String>,
    pub(super) input: Option<String>,
    /// Not done if the program succeeds with these arguments.
    pub(super) unless: Option<Vec<String>>,
    /// What it takes away may not be there.
    pub(super) may_fail: bool,
}

const CHAINS: [(&str, &str); 2] = [("OUTPUT", "OUTRIDER_OUTPUT"), ("PREROUTING", "OUTRIDER_PREROUTING")];

impl Step {
    fn new(program: &str, arguments: &str) -> Self {
        let arguments = arguments.split_whitespace().map(str::to_owned).collect();
        Self { program: program.to_owned(), arguments, input: None, unless: None, may_fail: false }
    }

    pub(super) fn is_ipv6(&self) -> bool {
        self.program.starts_with("ip6")
    }
}

impl Plan {
    /// What installs the rules.
    pub(super) fn installation(&self, backend: Backend) -> Vec<Step> {
        match backend {
            Backend::Nftables => vec![Step { input: Some(self.table()), ..Step::new("nft", "-f -") }],
            Backend::Iptables => ["iptables", "ip6tables"].iter().flat_map(|program| self.chains(program)).collect(),
        }
    }

    /// What takes them away.
    pub(super) fn removal(&self, backend: Backend) -> Vec<Step> {
        if backend == Backend::Nftables {
            // Adding it first makes sure that there is one to take away.
            let input = Some("table inet outrider\ndelete table inet outrider\n".to_owned());
            return vec![Step { input, ..Step::new("nft", "-f -") }];
        }
        let of = |program: &'static str| {
            CHAINS.into_iter().flat_map(move |(hook, chain)| {
                [format!("-D {hook} -p tcp -j {chain}"), format!("-F {chain}"), format!("-X {chain}")]
                    .map(|rule| Step { may_fail: true, ..Step::new(program, &format!("-w -t nat {rule}")) })
            })
        };
        of("iptables").chain(of("ip6tables")).collect()
    }

    fn table(&self) -> String {
        let mut text = "table inet outrider\ndelete table inet outrider\ntable inet outrider {\n".to_owned();
        if let Some(port) = self.egress {
            text.push_str("  chain output {\n    type nat hook output priority -100; policy accept;\n");
            // Writing to a String cannot fail.
            let _ = writeln!(text, "    meta skuid {} return\n    oif \"lo\" return", self.uid);
            for network in &self.exclude {
                let family = if network.addr().is_ipv4() { "ip" } else { "ip6" };
                let _ = writeln!(text, "    {family} daddr {network} return");
            }
            let _ = writeln!(text, "    meta l4proto tcp redirect to :{port}\n  }}");
        }
        if let Some((gateway, port)) = self.ingress {
            text.push_str("  chain prerouting {\n    type nat hook prerouting priority -100; policy accept;\n");
            let _ = writeln!(text, "    tcp dport {gateway} redirect to :{port}\n  }}");
        }
        text + "}\n"
    }

    fn chains(&self, program: &str) -> Vec<Step> {
        let is_ipv4 = program == "iptables";
        let mut rules = "*nat\n".to_owned();
        let (mut output, mut prerouting) = (Vec::new(), Vec::new());
        if let Some(port) = self.egress {
            output.push(format!("-m owner --uid-owner {} -j RETURN", self.uid));
            output.push("-o lo -j RETURN".to_owned());
            let ours = self.exclude.iter().filter(|network| network.addr().is_ipv4() == is_ipv4);
            output.extend(ours.map(|network| format!("-d {network} -j RETURN")));
            output.push(format!("-p tcp -j REDIRECT --to-ports {port}"));
        }
        if let Some((gateway, port)) = self.ingress {
            prerouting.push(format!("-p tcp --dport {gateway} -j REDIRECT --to-ports {port}"));
        }
        let mut jumps = Vec::new();
        for ((hook, chain), chain_rules) in CHAINS.into_iter().zip([output, prerouting]) {
            // Naming a chain empties it.
            let _ = writeln!(rules, ":{chain} - [0:0]");
            for rule in &chain_rules {
                let _ = writeln!(rules, "-A {chain} {rule}");
            }
            let jump = |action| format!("-w -t nat {action} {hook} -p tcp -j {chain}");
            let unless = Some(Step::new(program, &jump("-C")).arguments);
            jumps.push(Step { unless, ..Step::new(program, &jump("-A")) });
        }
        rules.push_str("COMMIT\n");
        let restore = Step { input: Some(rules), ..Step::new(&format!("{program}-restore"), "-w --noflush") };
        std::iter::once(restore).chain(jumps).collect()
    }
}

/// The steps as a shell script.
pub(super) fn print(steps: &[Step]) -> String {
    let mut text = "#!/bin/sh\nset -e\n".to_owned();
    for step in steps {
        let command = format!("{} {}", step.program, step.arguments.join(" "));
        if let Some(unless) = &step.unless {
            let _ = write!(text, "{} {} 2>/dev/null || ", step.program, unless.join(" "));
        }
        let _ = match &step.input {
            Some(input) => writeln!(text, "{command} <<'END'\n{input}END"),
            None if step.may_fail => writeln!(text, "{command} 2>/dev/null || true"),
            None => writeln!(text, "{command}"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        let exclude = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap()).to_vec();
        Plan { uid: 1337, egress: Some(15006), ingress: Some((8000, 15080)), exclude }
    }

    #[test]
    fn iptables_get_chains_of_our_own() {
        let script = print(&plan().installation(Backend::Iptables));
        let expected = "#!/bin/sh\nset -e\niptables-restore -w --noflush <<'END'\n*nat\n:OUTRIDER_OUTPUT - [0:0]\n\
             -A OUTRIDER_OUTPUT -m owner --uid-owner 1337 -j RETURN\n-A OUTRIDER_OUTPUT -o lo -j RETURN\n\
             -A OUTRIDER_OUTPUT -d 10.0.0.0/8 -j RETURN\n-A OUTRIDER_OUTPUT -p tcp -j REDIRECT --to-ports 15006\n\
             :OUTRIDER_PREROUTING - [0:0]\n-A OUTRIDER_PREROUTING -p tcp --dport 8000 -j REDIRECT --to-ports 15080\n\
             COMMIT\nEND\n\
             iptables -w -t nat -C OUTPUT -p tcp -j OUTRIDER_OUTPUT 2>/dev/null || \
             iptables -w -t nat -A OUTPUT -p tcp -j OUTRIDER_OUTPUT\n";
        assert!(script.starts_with(expected), "{script}");
        assert!(script.contains("-A OUTRIDER_OUTPUT -d fd00::/8 -j RETURN"), "{script}");
    }

    #[test]
    fn nftables_get_a_table_of_our_own() {
        let script = print(&plan().installation(Backend::Nftables));
        for rule in [
            "meta skuid 1337 return",
            "oif \"lo\" return",
            "ip daddr 10.0.0.0/8 return",
            "ip6 daddr fd00::/8 return",
            "meta l4proto tcp redirect to :15006",
            "tcp dport 8000 redirect to :15080",
        ] {
            assert!(script.contains(rule), "{rule} is not in {script}");
        }
    }
}
