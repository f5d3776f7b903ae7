//! Kinds of security events.

use crate::config::Severity;
use crate::config::security::Detectors;
use crate::metrics::road::Opaque;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $name:literal)+) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])* $kind,)+ }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// As the label `type` has it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $name,)+ }
            }
        }
    };
}

kinds! {
    /// A path or parameter that climbs out of its root, or names a file of the system.
    PathTraversal "path_traversal"
    /// A parameter that ends the statement it is put in.
    SqlInjection "sql_injection"
    /// A parameter with script in it.
    CrossSiteScripting "cross_site_scripting"
    /// A parameter that starts a program.
    CommandInjection "command_injection"
    /// A parameter that a template, expression or object loader would run (JNDI, OGNL, SpEL, PHP, LDAP filters, …).
    CodeInjection "code_injection"
    /// A parameter with a header line in it.
    HeaderInjection "header_injection"
    /// A parameter that makes the server fetch what only it can reach.
    RequestForgery "request_forgery"
    /// A path that only those ask for who look for leaked files and known holes.
    FileProbe "file_probe"
    /// A client that says it is a tool that looks for holes.
    Scanner "scanner"
    /// Many failed logins of one client.
    BruteForce "brute_force"
    /// Bytes that begin like HTTP and are not.
    MalformedRequest "malformed_request"
    /// A head beyond what is observed.
    OversizeHead "oversize_head"
    /// A WebSocket handshake from a page of another origin.
    WebsocketOrigin "websocket_origin"
    /// A message whose length is told twice, so that two servers could read it in two ways.
    RequestSmuggling "request_smuggling"
    /// TLS on a port that does not speak it.
    TlsOnPlainPort "tls_on_plain_port"
    /// A client from a network that should not come here.
    DeniedNetwork "denied_network"
}

impl Kind {
    /// What a connection shows that goes on unobserved.
    pub fn of_opaque(reason: Opaque) -> Option<Self> {
        match reason {
            Opaque::Malformed => Some(Self::MalformedRequest),
            Opaque::HeadTooLong => Some(Self::OversizeHead),
            Opaque::Ambiguous => Some(Self::RequestSmuggling),
            Opaque::Tls => Some(Self::TlsOnPlainPort),
            Opaque::Unknown | Opaque::Upgrade | Opaque::WebSocket | Opaque::Pipeline | Opaque::Panic => None,
        }
    }

    /// How severe it is by the configuration, or `None` where its detector is off.
    pub fn severity(self, detectors: &Detectors) -> Option<Severity> {
        match self {
            Self::PathTraversal => detectors.path_traversal,
            Self::SqlInjection
            | Self::CrossSiteScripting
            | Self::CommandInjection
            | Self::CodeInjection
            | Self::HeaderInjection
            | Self::RequestForgery => detectors.injection,
            Self::FileProbe | Self::Scanner => detectors.scanner.as_ref().map(|scanner| scanner.severity),
            Self::BruteForce => detectors.brute_force.as_ref().map(|force| force.severity),
            Self::MalformedRequest => detectors.malformed_request,
            Self::OversizeHead => detectors.oversize_head,
            Self::WebsocketOrigin => detectors.websocket_origin.as_ref().map(|origin| origin.severity),
            Self::RequestSmuggling => detectors.request_smuggling,
            Self::TlsOnPlainPort => detectors.tls_on_plain_port,
            Self::DeniedNetwork => detectors.denied_network.as_ref().map(|denied| denied.severity),
        }
    }
}

/// A set of kinds: each counts once per request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kinds(u32);

impl Kinds {
    /// Adds a kind.
    pub fn insert(&mut self, kind: Kind) {
        self.0 |= 1 << kind as u32;
    }

    /// Only those for which `keep` is true.
    #[must_use]
    pub fn only(self, keep: impl Fn(Kind) -> bool) -> Self {
        let mut kept = Self::default();
        kept.extend(self.iter().filter(|kind| keep(*kind)));
        kept
    }

    /// Whether `kind` is among them.
    pub fn contains(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u32) != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The kinds, in order of their declaration.
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.iter().copied().filter(move |kind| self.contains(*kind))
    }
}

impl Extend<Kind> for Kinds {
    fn extend<I: IntoIterator<Item = Kind>>(&mut self, kinds: I) {
        kinds.into_iter().for_each(|kind| self.insert(kind));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert!(names.len() == Kind::ALL.len() && Kind::ALL.len() <= 32);
    }

    #[test]
    fn a_set_holds_each_kind_once() {
        let mut set = Kinds::default();
        set.extend([Kind::Scanner, Kind::PathTraversal, Kind::Scanner]);
        assert_eq!(set.iter().collect::<Vec<_>>(), [Kind::PathTraversal, Kind::Scanner]);
        assert!(!set.is_empty() && !set.contains(Kind::BruteForce));
    }
}
