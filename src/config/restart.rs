//! What differs between two configs, and which keys a reload cannot change. A file that changes one of those is refused as
//! a whole, so that what runs is always one file.

use super::Config;
use super::fault::{Errors, Fault};

/// `Ok` when `new` can take over from `old` without a restart; else every key that stands in the way.
pub fn reloadable(old: &Config, new: &Config) -> Result<(), Errors> {
    let keys = [
        // Sockets are bound once, some of them with rights that are given up later.
        ("ingress.listen", old.ingress.listen == new.ingress.listen),
        ("ingress.redirect", old.ingress.redirect == new.ingress.redirect),
        ("egress.http_proxy", old.egress.http_proxy == new.egress.http_proxy),
        ("egress.redirect", old.egress.redirect == new.egress.redirect),
        ("admin.listen", old.admin.listen == new.admin.listen),
        ("tracing.receiver", old.tracing.receiver == new.tracing.receiver),
        // Threads and the line format are set up before anything else.
        ("ingress.workers", old.ingress.workers == new.ingress.workers),
        ("log.format", old.log.format == new.log.format),
        // A histogram cannot change its buckets and stay the same series.
        ("metrics.buckets", old.metrics.buckets == new.metrics.buckets),
        // Open files hold what must not be lost.
        ("history.path", old.history.path == new.history.path),
        ("alerting.state", old.alerting.state == new.alerting.state),
    ];
    let stuck = keys.into_iter().filter(|(_, same)| !same).map(|(path, _)| Fault {
        path: path.to_owned(),
        message: "cannot change while we run; restart to change it, or put it back".to_owned(),
    });
    Errors::or(stuck.collect(), ())
}

/// The sections that differ, by name.
pub fn changed(old: &Config, new: &Config) -> Vec<&'static str> {
    let sections = [
        ("service", old.service == new.service),
        ("environment", old.environment == new.environment),
        ("log", old.log == new.log),
        ("ingress", old.ingress == new.ingress),
        ("egress", old.egress == new.egress),
        ("services", old.services == new.services),
        ("admin", old.admin == new.admin),
        ("routes", old.routes == new.routes),
        ("metrics", old.metrics == new.metrics),
        ("business", old.business == new.business),
        ("security", old.security == new.security),
        ("history", old.history == new.history),
        ("tracing", old.tracing == new.tracing),
        ("alerting", old.alerting == new.alerting),
        ("slos", old.slos == new.slos),
    ];
    sections.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect()
}
