//! Reaching the gateway.

use super::descriptors;
use super::listen::keepalive;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;

/// How long a connection to the gateway may take, over all its addresses.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Connects to the first address that takes it. The error is the last address's.
pub async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let attempt = async {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the gateway's name has no address");
        for address in addresses {
            match descriptors::connect(*address).await {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    socket2::SockRef::from(&stream).set_tcp_keepalive(&keepalive())?;
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    };
    tokio::time::timeout(TIMEOUT, attempt).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
