//! One request, judged by what it says.

use super::agent::Agents;
use super::event::{Kind, Kinds};
use super::signature::Signatures;
use super::text::{layers, parameters, split};
use super::traversal::climbs;

/// The compiled signatures. Build one and share it; a judgement takes a few microseconds and time linear in the request.
pub struct Detector {
    signatures: Signatures,
    agents: Agents,
}

impl Default for Detector {
    fn default() -> Self {
        Self { signatures: Signatures::new(), agents: Agents::new() }
    }
}

impl Detector {
    /// What a request target (as it stands in the request line, at most 8 KiB of it) shows. `status` is that of the response:
    /// a probe for a file counts only where the gateway has no such file (4xx).
    pub fn target(&self, target: &[u8], status: u16) -> Kinds {
        let mut kinds = Kinds::default();
        let (path, query) = split(target);
        if climbs(path) {
            kinds.insert(Kind::PathTraversal);
        }
        layers(path, false, |text| self.signatures.path(text, (400..500).contains(&status), &mut kinds));
        for parameter in parameters(query) {
            layers(parameter, true, |text| self.signatures.value(text, &mut kinds));
        }
        kinds
    }

    /// What a `User-Agent` shows: a tool by its name, or an attack on whatever logs it.
    pub fn agent(&self, agent: &[u8]) -> Kinds {
        let mut kinds = self.header(agent);
        kinds.extend(self.agents.kind(agent));
        kinds
    }

    /// What the value of another header shows (`Referer`, `X-Forwarded-For`, `X-Api-Version`): an attack on whatever logs it.
    pub fn header(&self, value: &[u8]) -> Kinds {
        let mut kinds = Kinds::default();
        self.signatures.header(&value[..value.len().min(1024)], &mut kinds);
        kinds
    }
}
