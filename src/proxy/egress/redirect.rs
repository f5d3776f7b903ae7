//! Connections that the kernel was told to redirect to us: they go where they were going, and nowhere else.

use super::{Kind, Pair, Way, reach};
use crate::event::ObserveCalls;
use crate::proxy::first;
use crate::proxy::stream::{Client, Stream as _};
use socket2::SockRef;
use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::Instant;
use tokio::net::TcpStream;

/// From where our own connections of this kind go out: one that comes in from there has been redirected to us again, since our user
/// is not exempt.
static OURS: LazyLock<parking_lot::Mutex<HashSet<SocketAddr>>> = LazyLock::new(Default::default);

impl<E: ObserveCalls<Pair>> Way<'_, E> {
    /// Serves a connection from `from` that was going elsewhere.
    pub(super) async fn redirect(&self, client: TcpStream, from: SocketAddr) {
        let original = original(&client);
        let mut client = Client::new(client, from);
        let address = match original {
            Ok(address) if !OURS.lock().contains(&from) => address,
            Ok(_) => return self.refuse_redirect(&client, "loop"),
            Err(_) => return self.refuse_redirect(&client, "not_redirected"),
        };
        let service = self.plan.directory.by_address(address).cloned();
        // Who is no service by its address may be one by its name, which its first bytes tell.
        let judged = service.as_ref().unwrap_or(&self.plan.directory.other).clone();
        let guarded = reach::is_guarded(&judged, Instant::now());
        if guarded && first::protocol(&mut client, self.place, &self.egress.scratch).await.is_none() {
            return;
        }
        let ticket = match reach::admit(&judged, Instant::now()) {
            Ok(ticket) => ticket,
            Err(left) => return self.reject(client, (service, address), left).await,
        };
        match reach::connect(&[address], |_| {}).await {
            Ok((gateway, _)) => {
                let ticket = if guarded {
                    ticket
                } else {
                    reach::give_back(&judged, ticket, Instant::now());
                    None
                };
                let _ours = Ours::new(&gateway);
                let pair = self.pair(service.clone(), address, Kind::Road).admitted(ticket);
                self.relay(client, gateway, pair, (service, address)).await;
            }
            Err(error) => {
                if let Some(instance) = judged.instances.at(address) {
                    instance.called(false, Instant::now());
                }
                reach::failed(&judged, ticket, &error, false, Instant::now());
                client.reset_on_close();
            }
        }
    }

    fn refuse_redirect(&self, client: &Client, reason: &str) {
        self.egress.metrics.refused(reason);
        tracing::debug!(reason, from = %client.from, "a connection is not led on");
        client.reset_on_close();
    }
}

/// Where a connection was going before it was redirected (`SO_ORIGINAL_DST`).
fn original(client: &TcpStream) -> io::Result<SocketAddr> {
    let (socket, local) = (SockRef::from(client), client.local_addr()?);
    let original =
        if local.ip().to_canonical().is_ipv4() { socket.original_dst_v4() } else { socket.original_dst_v6() };
    let address = original?.as_socket().ok_or(io::ErrorKind::AddrNotAvailable)?;
    let is_same = address.ip().to_canonical() == local.ip().to_canonical() && address.port() == local.port();
    if is_same { Err(io::ErrorKind::AddrNotAvailable.into()) } else { Ok(address) }
}

/// One of our own connections, until it is dropped.
struct Ours(Option<SocketAddr>);

impl Ours {
    fn new(stream: &TcpStream) -> Self {
        let from = stream.local_addr().ok();
        OURS.lock().extend(from);
        Self(from)
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        if let Some(from) = &self.0 {
            OURS.lock().remove(from);
        }
    }
}
