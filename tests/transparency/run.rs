//! Runs a case over one road: directly, through it, or through it with every byte in a segment of its own.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};

use super::case::{Case, Side, Step};
use super::peer::{End, Peer};
use super::text;
use crate::harness::process;
use crate::harness::wait::PATIENCE;

/// The road between client and origin.
#[derive(Debug, Clone, Copy)]
pub struct Between {
    pub ingress: SocketAddr,
    /// The process id, by which is seen when it has read what was sent.
    pub process: u32,
    /// Whether every short `sends` goes in one-byte segments.
    pub byte_by_byte: bool,
}

/// A send longer than this stays whole: a byte at a time would take longer than it shows.
const LONGEST_SPLIT: usize = 4096;

/// Plays `case` with the origin at `listener`. With nothing between, this proves the case itself. The error says which
/// line, what was expected and what came.
pub async fn play(case: &Case, listener: &TcpListener, between: Option<Between>) -> Result<(), String> {
    let origin = listener.local_addr().map_err(|error| error.to_string())?;
    let address = between.map_or(origin, |road| road.ingress);
    let stream = TcpStream::connect(address).await.map_err(|error| format!("no connection: {error}"))?;
    let client = Peer::new(stream).map_err(|error| error.to_string())?;
    let mut exchange = Exchange {
        listener,
        client: Some(client),
        origin: None,
        accepted: false,
        to_origin: Vec::new(),
        to_client: Vec::new(),
        ended: [false, false],
        has_seen_end: [false, false],
        between,
        road_sleeps: false,
    };
    for (line, step) in &case.steps {
        exchange.take(step).await.map_err(|error| format!("line {line}: {error}"))?;
    }
    exchange.conclude().await.map_err(|error| format!("after the last step: {error}"))
}

struct Exchange<'a> {
    listener: &'a TcpListener,
    client: Option<Peer>,
    origin: Option<Peer>,
    accepted: bool,
    /// Sent by the client and not yet received by the origin.
    to_origin: Vec<u8>,
    /// Sent by the origin and not yet received by the client.
    to_client: Vec<u8>,
    /// Who has ended its stream: client, origin.
    ended: [bool; 2],
    /// Who has seen the other's stream end: client, origin.
    has_seen_end: [bool; 2],
    between: Option<Between>,
    road_sleeps: bool,
}

impl Exchange<'_> {
    async fn take(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Sends(side, bytes) => self.send(*side, bytes).await,
            Step::StartsSending(side, bytes) => {
                self.in_flight(*side).extend_from_slice(bytes);
                self.peer(*side).await?.start_sending(bytes.clone()).await
            }
            Step::IsStillSending(side) if self.peer(*side).await?.is_sending() => Ok(()),
            Step::IsStillSending(_) => Err("all has been taken already".into()),
            Step::Receives(side, None) => {
                let bytes = std::mem::take(self.in_flight(other(*side)));
                self.receive(*side, &bytes).await
            }
            Step::Receives(side, Some(bytes)) => {
                let in_flight = self.in_flight(other(*side));
                if !in_flight.starts_with(bytes) {
                    return Err(format!("the case contradicts itself: {}", text::difference(bytes, in_flight)));
                }
                in_flight.drain(..bytes.len());
                self.receive(*side, bytes).await
            }
            Step::ReceivesWhenEdited(side, bytes) => {
                let sent = std::mem::take(self.in_flight(other(*side)));
                self.receive(*side, if self.between.is_none() { &sent } else { bytes }).await
            }
            Step::Ends(side) => {
                self.ended[*side as usize] = true;
                self.peer(*side).await?.end().await
            }
            Step::SeesTheEnd(side) => self.see(*side, End::InOrder).await,
            Step::SeesAReset(side) => self.see(*side, End::Reset).await,
            Step::Closes(side) => self.close(*side, false).await,
            Step::Resets(side) => self.close(*side, true).await,
            Step::RoadSleeps => self.pause(true),
            Step::RoadWakes => self.pause(false),
        }
    }

    /// What every case ends with: each side ends, each sees that, and not one byte more has come.
    async fn conclude(&mut self) -> Result<(), String> {
        for side in [Side::Client, Side::Origin] {
            if !self.ended[side as usize] {
                self.take(&Step::Ends(side)).await?;
            }
            if !self.has_seen_end[other(side) as usize] {
                self.take(&Step::SeesTheEnd(other(side))).await?;
            }
        }
        let more = tokio::time::timeout(std::time::Duration::ZERO, self.listener.accept()).await;
        if more.is_ok() { Err("the origin was connected to a second time".into()) } else { Ok(()) }
    }

    async fn send(&mut self, side: Side, bytes: &[u8]) -> Result<(), String> {
        self.in_flight(side).extend_from_slice(bytes);
        let Some(road) = self.between else { return self.peer(side).await?.send(bytes).await };
        let size = if road.byte_by_byte && bytes.len() <= LONGEST_SPLIT { 1 } else { bytes.len() };
        for segment in bytes.chunks(size) {
            self.peer(side).await?.send(segment).await?;
            if !self.road_sleeps {
                process::wait_until_idle(road.process);
            }
        }
        Ok(())
    }

    async fn receive(&mut self, side: Side, expected: &[u8]) -> Result<(), String> {
        let (got, stopped) = self.peer(side).await?.receive(expected.len()).await;
        if got != expected {
            let why = stopped.map(|why| format!(" ({why})")).unwrap_or_default();
            return Err(format!("{side:?} received other bytes{why}: {}", text::difference(expected, &got)));
        }
        Ok(())
    }

    async fn see(&mut self, side: Side, expected: End) -> Result<(), String> {
        let seen = self.peer(side).await?.see_the_end().await?;
        self.has_seen_end[side as usize] = true;
        match seen {
            seen if seen == expected => Ok(()),
            End::NotYet(bytes) => Err(format!("{side:?} received more: {}", text::readable(&bytes))),
            seen => Err(format!("{side:?} saw the stream end otherwise: expected {expected:?}, got {seen:?}")),
        }
    }

    async fn close(&mut self, side: Side, reset: bool) -> Result<(), String> {
        self.peer(side).await?;
        // Both directions are over then, and only the other side can say how.
        self.ended = [true, true];
        self.has_seen_end = [true, true];
        let peer = if side == Side::Client { self.client.take() } else { self.origin.take() };
        peer.ok_or("is closed already")?.close(reset).await
    }

    fn pause(&mut self, sleeps: bool) -> Result<(), String> {
        if let Some(road) = self.between {
            process::signal(road.process, if sleeps { "STOP" } else { "CONT" });
        }
        self.road_sleeps = sleeps;
        Ok(())
    }

    fn in_flight(&mut self, from: Side) -> &mut Vec<u8> {
        if from == Side::Client { &mut self.to_origin } else { &mut self.to_client }
    }

    async fn peer(&mut self, side: Side) -> Result<&mut Peer, String> {
        if side == Side::Origin && !self.accepted {
            let accepted = tokio::time::timeout(PATIENCE, self.listener.accept()).await;
            let (stream, _) =
                accepted.map_err(|_| "the origin was never connected to")?.map_err(|error| error.to_string())?;
            self.origin = Some(Peer::new(stream).map_err(|error| error.to_string())?);
            self.accepted = true;
        }
        let peer = if side == Side::Client { &mut self.client } else { &mut self.origin };
        peer.as_mut().ok_or_else(|| format!("{side:?} has closed already"))
    }
}

fn other(side: Side) -> Side {
    if side == Side::Client { Side::Origin } else { Side::Client }
}
