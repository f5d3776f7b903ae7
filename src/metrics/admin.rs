//! What the admin port counts of itself.

use super::family::Family;
use super::registry::Registry;
use prometheus::{IntCounter, IntGauge};

/// All of it.
#[derive(Clone)]
pub struct AdminMetrics {
    /// Connections that are open.
    pub open: IntGauge,
    /// Lines of the audit log that could not be written.
    pub audit_failures: IntCounter,
    refused: Family<IntCounter>,
    changes: Family<IntCounter>,
}

/// Why a call or a connection was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A `Host` that is not ours: DNS rebinding.
    Host,
    /// A page of another origin.
    Origin,
    /// No credentials, or wrong ones.
    Credentials,
    /// Credentials that do not allow it.
    Role,
    /// Too many calls.
    Rate,
    /// A body that was too large or did not come.
    Body,
    /// A connection that made room for another.
    Crowded,
    /// A TLS handshake that failed.
    Tls,
}

impl Refused {
    const ALL: [Self; 8] =
        [Self::Host, Self::Origin, Self::Credentials, Self::Role, Self::Rate, Self::Body, Self::Crowded, Self::Tls];

    fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Origin => "origin",
            Self::Credentials => "credentials",
            Self::Role => "role",
            Self::Rate => "rate",
            Self::Body => "body",
            Self::Crowded => "crowded",
            Self::Tls => "tls",
        }
    }
}

impl AdminMetrics {
    /// Registers the families.
    pub fn register(registry: &Registry) -> Self {
        let open: Family<IntGauge> =
            Family::register(registry, "outrider_admin_connections_open", "Connections to the admin port.", &[]);
        let failures: Family<IntCounter> = Family::register(
            registry,
            "outrider_admin_audit_failures_total",
            "Lines of the audit log that could not be written.",
            &[],
        );
        let refused: Family<IntCounter> = Family::register(
            registry,
            "outrider_admin_refused_total",
            "Calls and connections that the admin port turned away, by the reason.",
            &["reason"],
        );
        let changes: Family<IntCounter> = Family::register(
            registry,
            "outrider_admin_changes_total",
            "Changes that were asked for, by what came of them: done, refused or failed.",
            &["result"],
        );
        Refused::ALL.iter().for_each(|reason| drop(refused.with(&[reason.as_str()])));
        ["done", "refused", "failed"].iter().for_each(|result| drop(changes.with(&[result])));
        Self { open: open.with(&[]), audit_failures: failures.with(&[]), refused, changes }
    }

    /// A call or a connection was turned away.
    pub fn refused(&self, reason: Refused) {
        self.refused.with(&[reason.as_str()]).inc();
    }

    /// A change was asked for, with this result.
    pub fn change(&self, result: &str) {
        self.changes.with(&[result]).inc();
    }
}
