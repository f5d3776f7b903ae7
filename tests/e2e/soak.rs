//! A mixed load while things break: nothing fails that would not fail without us, counts are exact, and nothing grows.
//!
//! - `load`: the clients
//! - `door`: what those of HTTP/2 connect to
//! - `tally`: what they got, by outage or not
//! - `faults`: what breaks, and how it is mended
//! - `setting`: the gateway, its service, Outrider in its limits
//! - `watch`: memory, descriptors, threads
//! - `report`: the table
//!
//! `OUTRIDER_SOAK_SECONDS` sets how long it takes, 30 when not set; `make soak` takes ten minutes.

mod door;
mod faults;
mod load;
mod report;
mod setting;
mod tally;
mod watch;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::harness::wait;
use faults::Faults;
use report::Report;
use setting::Setting;
use tally::Tally;
use watch::Figures;

/// A short form for every run of the tests.
const SECONDS: u64 = 30;
/// What it may take at any time, in a debug build.
const MAY_TAKE_KIB: u64 = 96 * 1024;
/// From so long on a run tells whether memory grows; a shorter one sees pools fill.
const LONG: Duration = Duration::from_secs(300);
/// What may be added between the second quarter and the last one: the first fills pools, caches and buffers.
const MAY_GROW_KIB: u64 = 4 * 1024;
/// What may be open at the end that was not yet at the start: connections of exporters, checks, the store. A leak would be of hundreds.
const MORE_DESCRIPTORS: usize = 16;
/// Until a request succeeds again, once the gateway listens again.
const RECOVERS_WITHIN: Duration = Duration::from_secs(1);

#[test]
fn a_mixed_load_loses_nothing_while_things_break() {
    let seconds = std::env::var("OUTRIDER_SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SECONDS);
    let tally = Arc::new(Tally::default());
    let mut setting = Setting::start();
    let at_rest = Figures::of(setting.agent());

    let clients = load::start(&setting, &tally);
    let watching = watch::start(setting.agent());
    let begin = Instant::now();
    let over = Duration::from_secs(seconds);
    let rounds = Faults::new(&mut setting, &tally, over).until(begin + over);
    let took = begin.elapsed();
    let unexplained = clients.stop();
    let grown = watching.stop();

    // What is counted is what the clients got: neither side knows of an answer that the other has not.
    let answers = wait::last(&tally.answers(), || setting.counted("http_requests_total"));
    let calls = wait::last(&tally.calls(), || setting.counted("service_requests_total"));
    let messages = wait::last(&tally.echoes(), || setting.messages("outbound"));
    let after = setting.after_rest(at_rest);
    let metrics = setting.road.metrics();
    let limits = &setting.limits();
    Report { took, rounds: &rounds, tally: &tally, grown: &grown, at_rest, after, limits }.print(&metrics);

    assert_eq!(unexplained, Vec::<String>::new(), "failures that no outage explains");
    assert_eq!(
        (answers, calls, messages),
        (tally.answers(), tally.calls(), tally.echoes()),
        "what is counted, and what came; failures in outages that had reached the agent: {:#?}",
        tally.cut()
    );
    assert!(setting.messages("inbound") <= tally.messages(), "more messages counted than were sent");
    assert!(tally.total() > 20 * seconds, "only {} exchanges in {seconds} s", tally.total());
    assert!(
        tally.slowest_recovery() <= RECOVERS_WITHIN,
        "{:?} until a request succeeded again",
        tally.slowest_recovery()
    );
    assert!(grown.most() <= MAY_TAKE_KIB, "{} KiB", grown.most());
    if over >= LONG {
        assert!(grown.kib() <= MAY_GROW_KIB, "{} KiB more in the last quarter than in the second", grown.kib());
    }
    assert!(
        after.descriptors <= at_rest.descriptors + MORE_DESCRIPTORS,
        "{at_rest:?}, then {after:?}\n{}",
        setting.sockets()
    );
    assert!(after.threads <= at_rest.threads + 4, "threads: {at_rest:?}, then {after:?}");
    assert_eq!(metrics.get("outrider_opaque_connections_total{reason=\"panic\"}").unwrap_or(0.0), 0.0);
    assert!(!setting.road.process.has_printed("panicked"), "something panicked");
    for result in ["applied", "refused"] {
        let reloads = metrics.get(&format!("outrider_config_reloads_total{{result=\"{result}\"}}"));
        assert!(reloads.is_some_and(|count| count > 0.0), "no reload was {result}");
    }
    setting.stops_in_the_middle();
}
