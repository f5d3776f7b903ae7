//! A webhook that keeps what it gets, and can misbehave.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::harness::wait;

/// What it does with the next request.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    /// Takes it.
    Take,
    /// Closes the connection before it has read the request.
    Drop,
    /// Takes it, and closes the connection without an answer: the sender cannot know.
    TakeAndDrop,
    /// Takes it, and neither answers nor closes the connection.
    Hang,
    /// Takes it, and answers a byte at a time with so many milliseconds between two: slower than the sender is patient, or
    /// just not.
    Slow(u64),
    /// Answers with this status, and asks for another try after so many seconds where that is above 0.
    Answer(u16, u8),
}

type Manners = Arc<Mutex<Box<dyn FnMut() -> Manner + Send>>>;

/// The webhook; it listens as long as the test runs.
pub struct Receiver {
    address: SocketAddr,
    got: Arc<Mutex<Vec<Value>>>,
    manners: Manners,
}

impl Receiver {
    /// One that takes everything.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it listens");
        let manners: Manners = Arc::new(Mutex::new(Box::new(|| Manner::Take)));
        let got = Arc::new(Mutex::new(Vec::new()));
        let (own, kept) = (manners.clone(), got.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let manner = (*own.lock().expect("no manner panics"))();
                let kept = kept.clone();
                // A client that goes away has nothing more to say.
                std::thread::spawn(move || drop(serve(client, manner, &kept)));
            }
        });
        Self { address, got, manners }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// From now on it behaves as `manner` says, asked for each connection.
    pub fn behave(&self, manner: impl FnMut() -> Manner + Send + 'static) {
        *self.manners.lock().expect("no manner panics") = Box::new(manner);
    }

    /// All that it took.
    pub fn got(&self) -> Vec<Value> {
        self.got.lock().expect("no reader panics").clone()
    }

    /// The first that `is_it` says yes to.
    #[track_caller]
    pub fn wait_for(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        wait::until(what, || self.got().into_iter().find(|body| is_it(body)))
    }
}

/// One request of a connection, which is closed behind it.
fn serve(mut client: TcpStream, manner: Manner, got: &Mutex<Vec<Value>>) -> std::io::Result<()> {
    if let Manner::Drop = manner {
        return Ok(());
    }
    let (mut all, mut buffer) = (Vec::new(), [0; 8192]);
    let body = loop {
        let count = client.read(&mut buffer)?;
        all.extend_from_slice(&buffer[..count]);
        let head = all.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
        let length = |head: usize| {
            let text = String::from_utf8_lossy(&all[..head]).to_lowercase();
            let (_, rest) = text.split_once("content-length: ")?;
            rest.split("\r\n").next()?.trim().parse::<usize>().ok()
        };
        match head.and_then(|head| Some((head, length(head)?))) {
            Some((head, length)) if all.len() >= head + length => break all[head..head + length].to_vec(),
            _ if count == 0 => return Ok(()),
            _ => {}
        }
    };
    let (status, after) = match manner {
        Manner::Answer(status, after) => (status, after),
        _ => {
            got.lock().expect("no reader panics").push(serde_json::from_slice(&body).expect("a payload is JSON"));
            (200, 0)
        }
    };
    match manner {
        Manner::TakeAndDrop => return Ok(()),
        // Until the client has had enough.
        Manner::Hang => return client.read(&mut buffer).map(drop),
        Manner::Slow(pause) => {
            let answer = b"HTTP/1.1 200 Status\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            client.set_read_timeout(Some(Duration::from_millis(pause)))?;
            for byte in answer {
                client.write_all(&[*byte])?;
                // The pause; it ends early when the client has gone.
                match client.read(&mut buffer) {
                    Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                    _ => return Ok(()),
                }
            }
            return Ok(());
        }
        _ => {}
    }
    let more = if after > 0 { format!("Retry-After: {after}\r\n") } else { String::new() };
    write!(client, "HTTP/1.1 {status} Status\r\n{more}Content-Length: 0\r\nConnection: close\r\n\r\n")
}
