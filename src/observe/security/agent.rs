//! Scanners, by how they introduce themselves.

use regex::bytes::{RegexSet, RegexSetBuilder};

use super::event::Kind;

/// Tools that look for holes or break in. Names that are words as well stand as the tool writes them.
const TOOLS: &str = r"sqlmap nikto nuclei wpscan dirbuster dirb gobuster feroxbuster ffuf wfuzz w3af arachni acunetix netsparker
    invicti nessus openvas greenbone havij skipfish whatweb jaeles commix xsstrike dalfox joomscan cmsmap fimap zmeu morfeus
    muieblackcat jorgee webinspect appscan detectify metasploit sqlninja bsqlbf webshag zaproxy qualys interactsh burpcollaborator
    vega/[0-9] paros/[0-9] owasp.zap nmap.scripting.engine (?-i:Mozilla/4\.0\x20\(Hydra\))";

/// Surveys of the whole internet.
const SURVEYS: &str = r"masscan zgrab zmap censys censysinspect shodan expanse internetmeasurement internet-measurement l9explore
    l9tcpid leakix netsystemsresearch binaryedge criminalip stretchoid onyphe shadowserver zoomeye modatscanner";

/// Agents that are known.
pub(super) struct Agents(RegexSet);

impl Agents {
    pub(super) fn new() -> Self {
        let names =
            |list: &str| format!(r"(?:^|\b)(?:{})(?:\b|$)", list.split_whitespace().collect::<Vec<_>>().join("|"));
        let lists = [names(TOOLS), names(SURVEYS)];
        let set = RegexSetBuilder::new(lists).case_insensitive(true).unicode(false).size_limit(4 << 20).build();
        Self(set.expect("the expressions are fixed and compile"))
    }

    /// What a `User-Agent` says its client is.
    pub(super) fn kind(&self, agent: &[u8]) -> Option<Kind> {
        let found = self.0.matches(&agent[..agent.len().min(1024)]);
        match (found.matched(0), found.matched(1)) {
            (true, _) => Some(Kind::AttackTool),
            (_, true) => Some(Kind::Scanner),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_and_surveys_are_known_and_clients_are_not() {
        let agents = Agents::new();
        for (agent, kind) in [
            ("sqlmap/1.7.2#stable (https://sqlmap.org)", Some(Kind::AttackTool)),
            ("Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:Port Check)", Some(Kind::AttackTool)),
            ("Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)", Some(Kind::AttackTool)),
            ("Mozilla/4.0 (Hydra)", Some(Kind::AttackTool)),
            ("Nuclei - Open-source project (github.com/projectdiscovery/nuclei)", Some(Kind::AttackTool)),
            ("Fuzz Faster U Fool v2.0.0 ffuf", Some(Kind::AttackTool)),
            ("Mozilla/5.0 zgrab/0.x", Some(Kind::Scanner)),
            ("masscan/1.3 (https://github.com/robertdavidgraham/masscan)", Some(Kind::Scanner)),
            ("Mozilla/5.0 (compatible; CensysInspect/1.1; +https://about.censys.io/)", Some(Kind::Scanner)),
            ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36", None),
            ("curl/8.5.0", None),
            ("python-requests/2.32.0", None),
            ("Go-http-client/1.1", None),
            ("ory-hydra/2.2", None),
            ("kube-probe/1.29", None),
            ("Prometheus/2.53.0", None),
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", None),
            ("", None),
        ] {
            assert_eq!(agents.kind(agent.as_bytes()), kind, "{agent}");
        }
    }
}
