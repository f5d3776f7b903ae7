//! Scanners, by how they introduce themselves.

use regex::bytes::{Regex, RegexBuilder};

/// Tools that look for holes or break in, and surveys of the whole internet. Names that are words as well stand as the tool
/// writes them.
const KNOWN: &str = r"sqlmap nikto nuclei wpscan dirbuster dirb gobuster feroxbuster ffuf wfuzz w3af arachni acunetix netsparker
    invicti nessus openvas greenbone havij skipfish whatweb jaeles commix xsstrike dalfox joomscan cmsmap fimap zmeu morfeus
    muieblackcat jorgee webinspect appscan detectify metasploit sqlninja bsqlbf webshag zaproxy qualys interactsh burpcollaborator
    vega/[0-9] paros/[0-9] owasp.zap nmap.scripting.engine (?-i:Mozilla/4\.0\x20\(Hydra\))
    masscan zgrab zmap censys censysinspect shodan expanse internetmeasurement internet-measurement
    l9explore l9tcpid leakix netsystemsresearch binaryedge criminalip stretchoid onyphe shadowserver zoomeye modatscanner";

/// Agents that are known, and those that a configuration adds.
pub(super) struct Agents {
    known: Regex,
    more: Vec<String>,
}

impl Agents {
    /// `more`: parts of a user agent, lower case.
    pub(super) fn new(more: &[String]) -> Self {
        let names = KNOWN.split_whitespace().collect::<Vec<_>>().join("|");
        let known =
            RegexBuilder::new(&format!(r"(?:^|\b)(?:{names})(?:\b|$)")).case_insensitive(true).unicode(false).build();
        Self { known: known.expect("the expression is fixed and compiles"), more: more.to_vec() }
    }

    /// Whether a `User-Agent` says that its client is a scanner.
    pub(super) fn is_scanner(&self, agent: &[u8]) -> bool {
        let agent = &agent[..agent.len().min(1024)];
        let says = |part: &String| agent.windows(part.len().max(1)).any(|at| at.eq_ignore_ascii_case(part.as_bytes()));
        self.known.is_match(agent) || self.more.iter().any(says)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_and_surveys_are_known_and_clients_are_not() {
        let agents = Agents::new(&["ourtool".to_owned()]);
        for (agent, expected) in [
            ("OurTool/1", true),
            ("sqlmap/1.7.2#stable (https://sqlmap.org)", true),
            ("Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:Port Check)", true),
            ("Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)", true),
            ("Mozilla/4.0 (Hydra)", true),
            ("Nuclei - Open-source project (github.com/projectdiscovery/nuclei)", true),
            ("Fuzz Faster U Fool v2.0.0 ffuf", true),
            ("Mozilla/5.0 zgrab/0.x", true),
            ("masscan/1.3 (https://github.com/robertdavidgraham/masscan)", true),
            ("Mozilla/5.0 (compatible; CensysInspect/1.1; +https://about.censys.io/)", true),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
                false,
            ),
            ("curl/8.5.0", false),
            ("python-requests/2.32.0", false),
            ("Go-http-client/1.1", false),
            ("ory-hydra/2.2", false),
            ("kube-probe/1.29", false),
            ("Prometheus/2.53.0", false),
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", false),
            ("", false),
        ] {
            assert_eq!(agents.is_scanner(agent.as_bytes()), expected, "{agent}");
        }
    }
}
