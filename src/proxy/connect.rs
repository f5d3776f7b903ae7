//! Reaching the gateway.

use super::descriptors;
use super::listen::keepalive;
use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// How long a connection to the gateway may take, over all its addresses.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection to one of several addresses may take: a replica that is gone may not answer at all.
const ATTEMPT: Duration = Duration::from_secs(2);

/// How long an address that could not be reached is tried last.
const SHUNNED: Duration = Duration::from_secs(5);

/// Whose turn it is among the addresses of a gateway, on one worker. A gateway of several replicas gets connections on each in
/// turn; of one that has a name for two addresses and listens on one of them, the other is hardly ever tried.
#[derive(Debug, Default)]
pub struct Turns {
    next: Cell<usize>,
    /// Addresses that could not be reached, and when.
    failed: RefCell<Vec<(SocketAddr, Instant)>>,
}

impl Turns {
    /// Connects to the address whose turn it is, or else to the first other one that takes it. The error is the last address's.
    pub async fn connect(&self, addresses: &[SocketAddr]) -> io::Result<TcpStream> {
        if let [only] = addresses {
            return within(TIMEOUT, reach(*only)).await;
        }
        let attempt = async {
            let mut last = io::Error::new(io::ErrorKind::NotFound, "the gateway's name has no address");
            for address in self.order(addresses, Instant::now()) {
                match within(ATTEMPT, reach(address)).await {
                    Ok(stream) => return Ok(stream),
                    Err(error) => last = error,
                }
                self.shun(address, Instant::now());
            }
            Err(last)
        };
        within(TIMEOUT, attempt).await
    }

    fn shun(&self, address: SocketAddr, now: Instant) {
        let mut failed = self.failed.borrow_mut();
        failed.retain(|(shunned, _)| *shunned != address);
        failed.push((address, now));
    }

    /// All of `addresses`, the one whose turn it is first and those that failed lately last.
    fn order(&self, addresses: &[SocketAddr], now: Instant) -> Vec<SocketAddr> {
        let turn = self.next.get() % addresses.len().max(1);
        self.next.set(turn + 1);
        let mut failed = self.failed.borrow_mut();
        failed.retain(|(_, at)| now.duration_since(*at) < SHUNNED);
        let mut order = [&addresses[turn..], &addresses[..turn]].concat();
        order.sort_by_key(|address| failed.iter().any(|(shunned, _)| shunned == address));
        order
    }
}

async fn within(time: Duration, attempt: impl Future<Output = io::Result<TcpStream>>) -> io::Result<TcpStream> {
    tokio::time::timeout(time, attempt).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn reach(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = descriptors::connect(address).await?;
    stream.set_nodelay(true)?;
    socket2::SockRef::from(&stream).set_tcp_keepalive(&keepalive())?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(ports: &[u16]) -> Vec<SocketAddr> {
        ports.iter().map(|port| SocketAddr::from(([127, 0, 0, 1], *port))).collect()
    }

    #[test]
    fn each_address_has_its_turn() {
        let (turns, all) = (Turns::default(), addresses(&[1, 2, 3]));
        let first: Vec<u16> = (0..6).map(|_| turns.order(&all, Instant::now())[0].port()).collect();
        assert_eq!(first, [1, 2, 3, 1, 2, 3]);
        assert!(turns.order(&[], Instant::now()).is_empty());
    }

    #[test]
    fn one_that_failed_is_tried_last_for_a_while() {
        let (turns, all, now) = (Turns::default(), addresses(&[1, 2]), Instant::now());
        (0..3).for_each(|_| turns.shun(all[0], now));
        assert_eq!(turns.failed.borrow().len(), 1, "there is one entry for each address");
        let order = |at| turns.order(&all, at).iter().map(SocketAddr::port).collect::<Vec<_>>();
        assert_eq!((order(now), order(now)), (vec![2, 1], vec![2, 1]));
        assert_eq!((order(now + SHUNNED), order(now + SHUNNED)), (vec![1, 2], vec![2, 1]));
    }
}
