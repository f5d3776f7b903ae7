//! The table of a run, as `docs/reliability.md` has it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::faults::Round;
use super::tally::Tally;
use super::watch::{Figures, Growth};
use crate::harness::exposition::Exposition;

/// What a run was.
pub struct Report<'a> {
    pub took: Duration,
    pub rounds: &'a [Round],
    pub tally: &'a Tally,
    pub grown: &'a Growth,
    pub at_rest: Figures,
    pub after: Figures,
    pub limits: &'a str,
}

impl Report<'_> {
    /// Prints it.
    pub fn print(&self, metrics: &Exposition) {
        let Self { took, rounds, tally, grown, at_rest, after, limits } = self;
        eprintln!("\n| What broke | times | seconds each | failures that no outage explains |\n|---|---|---|---|");
        for Round { what, times, lasted, failures } in *rounds {
            let each = lasted.as_secs_f64() / f64::from((*times).max(1));
            eprintln!("| {what} | {times} | {each:.1} | {failures} |");
        }
        let counts = |of: BTreeMap<String, f64>| {
            of.into_iter().map(|(status, count)| format!("{count} × {status}")).collect::<Vec<_>>().join(", ")
        };
        let reloads =
            |result: &str| metrics.get(&format!("outrider_config_reloads_total{{result=\"{result}\"}}")).unwrap_or(0.0);
        eprintln!("\n| Over {:.0} s, {limits} | |\n|---|---|", took.as_secs_f64());
        let of = |held: &Figures| format!("{}, {}, {}", held.kib, held.descriptors, held.threads);
        for (what, figure) in [
            ("answers, by clients and in `http_requests_total`", counts(tally.answers())),
            ("calls, by clients and in `service_requests_total`", counts(tally.calls())),
            (
                "messages sent; came back and counted",
                format!("{}; {} in {} sessions", tally.messages(), tally.echoes(), tally.sessions()),
            ),
            ("failures while the gateway or the service was out", tally.explained().to_string()),
            ("other failures", tally.unexplained().len().to_string()),
            ("gateway out in all", format!("{:.1} s", tally.out().as_secs_f64())),
            ("slowest first success after it listened again", format!("{} ms", tally.slowest_recovery().as_millis())),
            ("reloads taken, refused", format!("{}, {}", reloads("applied"), reloads("refused"))),
            (
                "resident by quarter; most",
                format!("{:?} KiB; {} KiB", [0, 1, 2, 3].map(|nth| grown.quarter(nth)), grown.most()),
            ),
            ("before: KiB, descriptors, threads", of(at_rest)),
            ("after", of(after)),
        ] {
            eprintln!("| {what} | {figure} |");
        }
    }
}
