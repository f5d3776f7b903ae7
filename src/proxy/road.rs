//! What a plan means for the connections of one worker: where the gateway is, and what is spoken on the way.

use super::connect::Turns;
use super::tls::{Originator, Terminator};
use crate::wire::http2::{Event, Header, Kind, Scanner};
use crate::wire::sniff::HTTP2_PREFACE;
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::timeout;

/// The gateway, and how clients come in.
#[derive(Clone, Debug)]
pub struct Ends {
    /// Addresses of the gateway; connections go to each in turn.
    pub gateway: Arc<[SocketAddr]>,
    /// Set when the gateway is reached over TLS.
    pub originator: Option<Arc<Originator>>,
    /// Set when clients' TLS ends here.
    pub terminator: Option<Arc<Terminator>>,
    /// Whether connections must begin with a header of the PROXY protocol.
    pub proxy_protocol: bool,
}

/// One worker's road.
pub struct Road {
    /// As planned.
    pub ends: Ends,
    /// Whether the gateway speaks HTTP/2 without TLS, once it was asked.
    http2: RefCell<Rc<OnceCell<bool>>>,
    turns: Turns,
}

/// How long a gateway may take to say that it speaks HTTP/2.
const ANSWER: Duration = Duration::from_secs(2);

impl Road {
    /// By `ends`.
    pub fn new(ends: Ends) -> Self {
        Self { ends, http2: RefCell::default(), turns: Turns::default() }
    }

    /// Connects to the gateway.
    pub async fn connect(&self) -> io::Result<TcpStream> {
        let connected = self.turns.connect(&self.ends.gateway).await;
        if connected.is_err() {
            // Who comes back may be another.
            self.http2.take();
        }
        connected
    }

    /// Whether the gateway speaks HTTP/2 without TLS. It is asked once, on a connection of its own, when the first client comes
    /// over TLS that would take either; what it says holds until it cannot be reached.
    pub async fn speaks_http2(&self) -> bool {
        let known = self.http2.borrow().clone();
        let ask = || async { timeout(ANSWER, ask(self.connect().await?)).await.unwrap_or(Ok(false)) };
        known.get_or_try_init(ask).await.copied().unwrap_or(false)
    }
}

/// Opens HTTP/2 on `gateway`, and sees whether the answer is of HTTP/2.
async fn ask(mut gateway: TcpStream) -> io::Result<bool> {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    gateway.write_all(&[HTTP2_PREFACE, &SETTINGS].concat()).await?;
    let (mut scanner, mut buffer) = (Scanner::default(), [0; 64]);
    loop {
        // A gateway that hangs up has answered, too.
        let read = gateway.read(&mut buffer).await.unwrap_or(0);
        if read == 0 {
            return Ok(false);
        }
        match scanner.next(&buffer[..read]) {
            Ok(Some((_, Event::Begin(Header { kind: Kind::Settings, .. })))) => return Ok(true),
            Ok(None) => {}
            _ => return Ok(false),
        }
    }
}
