//! Kinds of security events and how severe they are.

/// How severe an event is; the words are those of alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Worth looking at.
    Medium,
    /// An attack that works where there is a hole.
    High,
    /// An attack that takes the machine over where there is a hole.
    Critical,
}

impl Severity {
    /// As the label `severity` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $name:literal $severity:ident)+) => {
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

            /// How severe it is.
            pub fn severity(self) -> Severity {
                match self { $(Self::$kind => Severity::$severity,)+ }
            }
        }
    };
}

kinds! {
    /// A path or parameter that climbs out of its root, or names a file of the system.
    PathTraversal "path_traversal" High
    /// A parameter that ends the statement it is put in.
    SqlInjection "sql_injection" High
    /// A parameter with script in it.
    CrossSiteScripting "cross_site_scripting" Medium
    /// A parameter that starts a program.
    CommandInjection "command_injection" Critical
    /// A parameter that a template, expression or object loader would run (JNDI, OGNL, SpEL, PHP, LDAP filters, …).
    CodeInjection "code_injection" Critical
    /// A parameter with a header line in it.
    HeaderInjection "header_injection" Medium
    /// A parameter that makes the server fetch what only it can reach.
    RequestForgery "request_forgery" High
    /// A path that only those ask for who look for leaked files and known holes.
    FileProbe "file_probe" Low
    /// A client that says it is a scanner.
    Scanner "scanner" Low
    /// A client that says it is an attack tool.
    AttackTool "attack_tool" Medium
    /// Many failed logins of one client.
    BruteForce "brute_force" High
    /// A message whose framing is broken.
    MalformedFraming "malformed_framing" Medium
    /// A message whose length is told twice, so that two servers could read it in two ways.
    RequestSmuggling "request_smuggling" High
    /// A head larger than any client of good will sends.
    OversizeHead "oversize_head" Low
    /// A WebSocket handshake from a page of another origin.
    OriginMismatch "origin_mismatch" Medium
    /// TLS spoken to a plain port.
    TlsToPlain "tls_to_plain_port" Low
    /// A client from a range that is denied.
    DeniedAddress "denied_address" Medium
}

/// A set of kinds: each counts once per request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kinds(u32);

impl Kinds {
    /// Adds a kind.
    pub fn insert(&mut self, kind: Kind) {
        self.0 |= 1 << kind as u32;
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
