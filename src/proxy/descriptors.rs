//! A pair needs two descriptors. Where the second one is not to be had, whoever has the first waits for it, as a client waits that is
//! not accepted yet; and nobody else is accepted meanwhile, who could only take what is waited for.
//!
//! Descriptors are the process's, so the count is too. The price where there are enough of them is one load for each accept.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// How long to wait until it is tried again: with all descriptors in use it would fail at once.
pub const PAUSE: Duration = Duration::from_millis(50);

static WAITING: AtomicUsize = AtomicUsize::new(0);

/// Connects to `address`, and waits for a descriptor if there is none. Bound it by a timeout.
pub async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    match TcpStream::connect(address).await {
        Err(error) if is_exhausted(&error) => {}
        other => return other,
    }
    let _waiting = Waiting::begin();
    loop {
        sleep(PAUSE).await;
        match TcpStream::connect(address).await {
            Err(error) if is_exhausted(&error) => {}
            other => return other,
        }
    }
}

/// Waits while somebody waits for a second descriptor. To be asked before one more connection is accepted.
pub async fn spared() {
    while WAITING.load(Ordering::Relaxed) > 0 {
        sleep(PAUSE).await;
    }
}

/// Whether `error` says that the process, or the system, has no descriptor left.
fn is_exhausted(error: &io::Error) -> bool {
    const PROCESS: i32 = rustix::io::Errno::MFILE.raw_os_error();
    const SYSTEM: i32 = rustix::io::Errno::NFILE.raw_os_error();
    matches!(error.raw_os_error(), Some(PROCESS | SYSTEM))
}

/// One that waits, until it is dropped.
struct Waiting;

impl Waiting {
    fn begin() -> Self {
        WAITING.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Ordering::Relaxed);
    }
}
