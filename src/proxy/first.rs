//! The first bytes of a connection, where something must be known before it can be relayed: whose it is, or what it speaks. They
//! are read once and put back.

use super::pump::Scratch;
use super::registry::Place;
use super::stream::Client;
use crate::wire::proxy_protocol::{self, Malformed};
use crate::wire::sniff::{Protocol, sniff};
use std::cell::RefCell;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::timeout;

/// How long a client may say nothing where we must hear something first.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a connection speaks; `None` if it is over, or is to be.
pub async fn protocol(client: &mut Client, place: &Place, scratch: &RefCell<Scratch>) -> Option<Protocol> {
    let mut bytes = Vec::new();
    let protocol = loop {
        match more(client, place, scratch, &mut bytes).await? {
            // An end is passed on like any other.
            0 => break Protocol::Unknown,
            _ => {
                if let Some(protocol) = sniff(&bytes) {
                    break protocol;
                }
            }
        }
    };
    client.rewind(bytes);
    Some(protocol)
}

/// Takes the PROXY protocol's header away and gives whose connection it is, which may be the sender's own; `Err` without a header.
pub async fn source(
    client: &mut Client,
    place: &Place,
    scratch: &RefCell<Scratch>,
) -> Result<Option<SocketAddr>, Malformed> {
    let mut bytes = Vec::new();
    loop {
        let read = more(client, place, scratch, &mut bytes).await;
        if read.is_none_or(|read| read == 0) || bytes.len() > proxy_protocol::LIMIT + READ {
            return Err(Malformed);
        }
        if let Some(header) = proxy_protocol::parse(&bytes)? {
            bytes.drain(..header.len);
            client.rewind(bytes);
            return Ok(header.source);
        }
    }
}

/// Bytes taken in one read.
const READ: usize = 4096;

/// Reads what is there, once; `None` if nothing came in time, or a drain did.
pub(super) async fn more(
    client: &mut Client,
    place: &Place,
    scratch: &RefCell<Scratch>,
    bytes: &mut Vec<u8>,
) -> Option<usize> {
    let mut read = |cx: &mut Context<'_>| {
        if place.is_draining() {
            return Poll::Ready(None);
        }
        place.wake_on_drain(cx);
        let mut scratch = scratch.borrow_mut();
        let mut into = ReadBuf::new(&mut scratch.bytes()[..READ]);
        let read = ready!(Pin::new(&mut *client).poll_read(cx, &mut into));
        bytes.extend_from_slice(into.filled());
        Poll::Ready(read.is_ok().then(|| into.filled().len()))
    };
    timeout(PATIENCE, poll_fn(&mut read)).await.ok()?
}
