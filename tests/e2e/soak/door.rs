//! Somebody between HTTP/2's clients and the agent, who reads what came before a reset.
//!
//! A client of HTTP/2 has always something to write, an acknowledgement at least. Where that fails it gives all of its streams up,
//! also those whose answers its kernel has: by a reset they are lost to it, and were served all the same. Here they count.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};

/// Where those clients connect, until the runtime ends.
#[derive(Clone)]
pub struct Door {
    pub address: SocketAddr,
    opened: Arc<Mutex<Option<Instant>>>,
}

impl Door {
    /// In front of the agent at `ingress`.
    pub async fn to(ingress: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let door = Self { address: listener.local_addr().expect("it listens"), opened: Arc::default() };
        let opened = door.opened.clone();
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.expect("the test has descriptors");
                *opened.lock().expect("nobody panics") = Some(Instant::now());
                tokio::spawn(between(client, ingress));
            }
        });
        door
    }

    /// When the newest connection was opened: a client has one at a time.
    pub fn opened(&self) -> Option<Instant> {
        *self.opened.lock().expect("nobody panics")
    }
}

async fn between(client: TcpStream, ingress: SocketAddr) {
    let Ok(agent) = TcpStream::connect(ingress).await else { return };
    for end in [&client, &agent] {
        end.set_nodelay(true).expect("a socket takes its options");
    }
    let ((mut from_client, mut to_client), (mut from_agent, mut to_agent)) = (client.into_split(), agent.into_split());
    let answers = async {
        // To its end or its reset, which both are an end to the client.
        let _ = copy(&mut from_agent, &mut to_client).await;
        let _ = to_client.shutdown().await;
    };
    let requests = async {
        if copy(&mut from_client, &mut to_agent).await.is_ok() {
            let _ = to_agent.shutdown().await;
        }
        // What can be sent no more is taken all the same: to refuse it would be the reset that is to be avoided.
        let mut rest = [0; 4096];
        while from_client.read(&mut rest).await.is_ok_and(|count| count > 0) {}
    };
    tokio::join!(answers, requests);
}
