//! What the relay tells of one connection, and what it asks.

use super::Edits;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// One of the two who talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Who asks (downstream).
    Client,
    /// Who answers (upstream).
    Gateway,
}

/// How a side stopped sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// In order (FIN): the other direction may still go on.
    Finished,
    /// By a reset, or because writing to it failed.
    Reset,
}

/// A request that has no answer yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// Whether an answer may have a body.
    pub body: bool,
}

/// Why a request does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decline {
    /// Where it goes is to be found out.
    Next,
    /// It is rejected, for so long.
    Rejected(Duration),
}

/// How many bytes an observer may hold back: a frame header of HTTP/2 but for its last byte.
pub const HELD: usize = 8;

/// Watches one connection. It sees every byte once and in order, and owns nothing of the transport: whatever it does, the
/// bytes go on. All times are the caller's.
pub trait Observer {
    /// Bytes from the client, before they go on. Edits are offsets into `bytes`. Returns how many of them may go on; the
    /// rest, no more than [`HELD`], is shown again in front of what comes next. A request that is declined does not go on at
    /// all, and nothing behind it.
    fn client_bytes(&mut self, now: Instant, bytes: &[u8], edits: &mut Edits) -> usize;

    /// Bytes from the gateway, before they go on.
    fn gateway_bytes(&mut self, now: Instant, bytes: &[u8]);

    /// `side` sends nothing any more.
    fn ended(&mut self, now: Instant, side: Side, end: End);

    /// The connection is over in both directions.
    fn closed(&mut self, now: Instant);

    /// Whether it may be closed now without cutting anything short: HTTP/1 between two exchanges.
    fn is_idle(&self) -> bool;

    /// Whether the client may still ask something in HTTP.
    fn may_ask(&self) -> bool;

    /// The oldest request that waits for its answer.
    fn awaited(&self) -> Option<Awaited>;

    /// Whether the client's next request was declined.
    fn declined(&self) -> Option<Decline> {
        None
    }

    /// What was declined comes again, and goes on.
    fn resume(&mut self) {}
}

/// Makes an observer for each connection of one worker.
pub trait Observe {
    /// What watches.
    type Observer: Observer + 'static;

    /// An observer for a connection from `client`.
    fn connection(&self, client: SocketAddr) -> Self::Observer;
}

/// Makes an observer for each connection of the gateway's to a service. `T` says what is known of it.
pub trait ObserveCalls<T> {
    /// What watches.
    type Observer: Observer + 'static;

    /// An observer for the connection `to` a service.
    fn connection(&self, to: T) -> Self::Observer;
}
