//! A whole conversation. In an input, 0xff changes who speaks: the client first, then the gateway, and so on.

use crate::pieces;
use outrider::config::{Buckets, Config};
use outrider::event::queue;
use outrider::event::{Edits, End, HELD, Observe, Observer, Side};
use outrider::metrics::Registry;
use outrider::observe::connection::Connection;
use outrider::observe::worker::{Families, Plan, Worker};
use outrider::observe::{Deferred, Interests};
use outrider::route::Table;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};
use std::time::{Instant, UNIX_EPOCH};

const TURN: u8 = 0xff;

/// Compiling them takes longer than a conversation.
static INTERESTS: LazyLock<Arc<Interests>> =
    LazyLock::new(|| Arc::new(Interests::new(&Config::default()).expect("the defaults hold")));

/// What one observer made of a conversation.
#[derive(Debug, PartialEq)]
struct Seen {
    /// Samples that are not 0.
    metrics: Vec<String>,
    idle: bool,
    may_ask: bool,
    awaits: bool,
}

/// Any split gives the same metrics; edits never change what a conversation means, and never take a byte away.
pub fn observer(input: &[u8]) {
    let Some((&seed, script)) = input.split_first() else { return };
    let runs: Vec<(Side, &[u8])> = script
        .split(|byte| *byte == TURN)
        .zip([Side::Client, Side::Gateway].into_iter().cycle())
        .map(|(run, side)| (side, run))
        .collect();
    let whole: Vec<(Side, Vec<&[u8]>)> = runs.iter().map(|(side, run)| (*side, vec![*run])).collect();
    let split: Vec<(Side, Vec<&[u8]>)> = runs.iter().map(|(side, run)| (*side, pieces(seed, run))).collect();
    let first_end = if seed & 1 == 0 { Side::Client } else { Side::Gateway };

    let (untouched, passed) = watch(&whole, false, first_end);
    for (conversation, edits) in [(&split, false), (&whole, true), (&split, true)] {
        let (seen, edited) = watch(conversation, edits, first_end);
        assert_eq!(seen, untouched, "edits: {edits}");
        if !edits {
            assert_eq!(edited, passed);
            continue;
        }
        let again: Vec<(Side, Vec<&[u8]>)> = edited.iter().map(|(side, run)| (*side, vec![run.as_slice()])).collect();
        assert_eq!(watch(&again, false, first_end).0, untouched, "an edit changed what the conversation means");
    }
}

/// Shows a conversation to an observer, as the relay would, and gives what went on of each run.
fn watch(conversation: &[(Side, Vec<&[u8]>)], edit: bool, first_end: Side) -> (Seen, Vec<(Side, Vec<u8>)>) {
    let registry = Registry::new();
    let buckets = Buckets { duration: vec![0.1, 1.0], size: vec![10.0, 1000.0] };
    let now = Instant::now();
    let families = Families::register(&registry, &buckets);
    let table = Arc::new(Table::new(&[], &[], 100).mark(INTERESTS.marked()));
    let plan =
        Plan { table, forwarded_for: edit, interests: INTERESTS.clone(), traces: None, judged: Default::default() };
    let (queue, mut drain) = queue::queue();
    let mut deferred = Deferred::new(INTERESTS.clone(), &families).expect("no name is taken");
    let worker = Rc::new(Worker::new(families, queue.clone(), &plan));
    let mut observer = worker.connection(([192, 0, 2, 7], 40_000).into());
    let (mut held, mut edits, mut passed) = (Vec::new(), Edits::default(), Vec::new());
    for (side, run) in conversation {
        let mut out = Vec::new();
        for piece in run.iter().filter(|piece| !piece.is_empty()) {
            if *side == Side::Gateway {
                observer.gateway_bytes(now, piece);
                out.extend_from_slice(piece);
                continue;
            }
            let bytes = [held.as_slice(), piece].concat();
            edits.clear();
            let gone = observer.client_bytes(now, &bytes, &mut edits);
            assert!(bytes.len() - gone <= HELD, "held back: {:?}", &bytes[gone..]);
            let before = out.len();
            edits.apply(&bytes[..gone], &mut out);
            // In HTTP/2 a frame header is changed where its field block grows.
            let changes = matches!(observer, Connection::Http2(_));
            assert!(changes || is_within(&bytes[..gone], &out[before..]), "an edit took something away");
            held = bytes[gone..].to_vec();
        }
        passed.push((*side, out));
    }
    // As the relay has it: nothing in flight, and nothing held back.
    let (idle, may_ask, awaits) =
        (observer.is_idle() && held.is_empty(), observer.may_ask(), observer.awaited().is_some());
    // The client's end sets free what was held back.
    if let Some((_, last)) = passed.iter_mut().rev().find(|(side, _)| *side == Side::Client) {
        last.append(&mut held);
    }
    let second_end = if first_end == Side::Client { Side::Gateway } else { Side::Client };
    observer.ended(now, first_end, End::Finished);
    observer.ended(now, second_end, End::Finished);
    observer.closed(now);
    queue.close();
    drain.look(|record| deferred.see(UNIX_EPOCH, record));
    let metrics = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).expect("metrics are text");
    let samples = metrics.lines().filter(|line| !line.starts_with('#') && !line.ends_with(" 0"));
    let metrics = samples.map(str::to_owned).collect();
    (Seen { metrics, idle, may_ask, awaits }, passed)
}

/// Whether all of `bytes` are in `longer`, in order.
fn is_within(bytes: &[u8], longer: &[u8]) -> bool {
    let mut rest = longer.iter();
    bytes.iter().all(|byte| rest.any(|other| other == byte))
}
