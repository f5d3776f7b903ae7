//! The clients: HTTP/1.1 with kept and with fresh connections, HTTP/2, WebSocket, the gateway's own calls, a scraper, and one that cuts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use reqwest::Client;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use super::RECOVERS_WITHIN;
use super::door::Door;
use super::setting::Setting;
use super::tally::{Part, Tally};

/// A client that fails waits so long, as a careful one does.
const AFTER_A_FAILURE: Duration = Duration::from_millis(20);
/// Messages of one session.
const SESSION: usize = 200;
/// The endpoint of those who cut; it is left out where counts are compared.
pub const CUT: &str = "/page";

/// Clients that run.
pub struct Clients {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
    tally: Arc<Tally>,
}

/// Starts all of them.
pub fn start(setting: &Setting, tally: &Arc<Tally>) -> Clients {
    let stop = Arc::new(AtomicBool::new(false));
    let load = Load {
        ingress: setting.road.ingress,
        door: setting.door,
        admin: setting.road.admin(),
        stop: stop.clone(),
        tally: tally.clone(),
    };
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(load.run());
    });
    Clients { stop, thread, tally: tally.clone() }
}

impl Clients {
    /// Lets each finish what it is at; the failures that no outage explains.
    pub fn stop(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("no client panics");
        self.tally.unexplained()
    }
}

/// Whether a body is what it is to be.
type Check = Box<dyn Fn(&[u8]) -> bool + Send>;

#[derive(Clone)]
struct Load {
    ingress: SocketAddr,
    door: SocketAddr,
    admin: SocketAddr,
    stop: Arc<AtomicBool>,
    tally: Arc<Tally>,
}

impl Load {
    async fn run(self) {
        // Each test is a process or shares one; whoever came first has chosen the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || Client::builder().no_proxy().timeout(Duration::from_secs(30));
        let client = |builder: reqwest::ClientBuilder| builder.build().expect("a client");
        let kept = client(builder().http1_only());
        let fresh = client(builder().http1_only().pool_max_idle_per_host(0));
        let http2 = client(builder().http2_prior_knowledge());
        let door = Door::to(self.ingress).await;
        let calling = client(builder().http1_only());
        let asking = client(builder().http1_only());
        tokio::join!(
            self.ask("kept", &kept, None, 0),
            self.ask("kept", &kept, None, 1),
            self.ask("fresh", &fresh, None, 2),
            self.ask("http2", &http2, Some(&door), 3),
            self.ask("http2", &http2, Some(&door), 4),
            self.ask("http2", &http2, Some(&door), 5),
            self.talk(10),
            self.talk(3000),
            self.call(&calling),
            self.scrape(&asking),
            self.cut(),
        );
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    /// One request after the other, each checked against what it must give.
    async fn ask(&self, name: &str, client: &Client, door: Option<&Door>, seed: usize) {
        let mut nth = seed;
        let at = door.map_or(self.ingress, |door| door.address);
        while self.goes_on() {
            nth += 1;
            let begin = Instant::now();
            match self.one(client, at, nth).await {
                Ok((503, ..)) => {
                    self.tally.answer(503);
                    self.failed(Part::Gateway, begin, format!("{name} {nth}: 503")).await;
                }
                Ok((status, expected, is_right)) => {
                    self.tally.answer(status);
                    if status != expected || !is_right {
                        self.tally.wrong(format!("{name} {nth}: {status} for {expected}, body right: {is_right}"));
                    }
                }
                Err(error) => {
                    // A connection that was opened in an outage is reset by it, also under a request that came a moment later.
                    let opened = door.and_then(Door::opened).filter(|at| at.elapsed() <= RECOVERS_WITHIN);
                    let since = opened.map_or(begin, |opened| opened.min(begin));
                    self.failed(Part::Gateway, since, format!("{name} {nth}: {error:?}")).await;
                }
            }
        }
    }

    /// The status, the one that is due, and whether the body is right.
    async fn one(&self, client: &Client, at: SocketAddr, nth: usize) -> reqwest::Result<(u16, u16, bool)> {
        let base = format!("http://{at}");
        let length = (nth * 1009) % 200_000;
        let (request, due, right): (_, u16, Check) = match nth % 7 {
            0 => (
                client.get(format!("{base}/items/{}", nth % 1000)),
                200,
                Box::new(move |body| contains(body, &format!("\"id\":{},", nth % 1000))),
            ),
            1 => {
                let item = format!("{{\"name\":\"n{nth}\",\"price\":1}}");
                let post = client.post(format!("{base}/items")).header("content-type", "application/json").body(item);
                (post, 201, Box::new(move |body| contains(body, &format!("\"n{nth}\""))))
            }
            2 => (client.get(format!("{base}/items/1000")), 404, Box::new(|body| contains(body, "no such item"))),
            3 => {
                let put = client.put(format!("{base}/raw")).body(vec![b'a'; length]);
                (put, 200, Box::new(move |body| contains(body, &format!("\"bytes\":{length},"))))
            }
            4 => (client.get(format!("{base}/download/{length}")), 200, Box::new(move |body| body.len() == length)),
            5 => (client.get(format!("{base}/chunked?chunks=5&size=1000")), 200, Box::new(|body| body.len() == 5000)),
            _ => (client.delete(format!("{base}/items/1")), 204, Box::new(<[u8]>::is_empty)),
        };
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        match answer.bytes().await {
            Ok(body) => Ok((status, due, right(&body))),
            Err(error) => {
                self.tally.broke_off(status);
                Err(error)
            }
        }
    }

    /// Sessions, one after the other; every message comes back as it was sent.
    async fn talk(&self, size: usize) {
        while self.goes_on() {
            let mut since = Instant::now();
            if let Err(error) = self.session(size, &mut since).await {
                self.failed(Part::Gateway, since, format!("session of {size}: {error}")).await;
            }
        }
    }

    async fn session(&self, size: usize, since: &mut Instant) -> Result<(), String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let stream = TcpStream::connect(self.ingress).await.map_err(|e| text(&e))?;
        let url = format!("ws://{}/ws/echo", self.ingress);
        let (mut session, _) = match tokio_tungstenite::client_async(url, stream).await {
            Ok(opened) => opened,
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => {
                self.tally.answer(answer.status().as_u16());
                return Err(answer.status().to_string());
            }
            Err(error) => return Err(text(&error)),
        };
        self.tally.answer(101);
        self.tally.session();
        for nth in 0..SESSION {
            if !self.goes_on() {
                break;
            }
            *since = Instant::now();
            let message = Message::binary(vec![nth as u8; 1 + nth * size / SESSION]);
            self.tally.sent();
            session.send(message.clone()).await.map_err(|e| text(&e))?;
            match session.next().await {
                Some(Ok(back)) if back == message => self.tally.echo(),
                Some(Ok(other)) => return Err(format!("another message came back: {other:?}")),
                Some(Err(error)) => return Err(text(&error)),
                None => return Err("the session ended".to_owned()),
            }
        }
        session.close(None).await.map_err(|e| text(&e))?;
        // To its end: the gateway's answer to the goodbye is part of it.
        while session.next().await.is_some_and(|last| last.is_ok()) {}
        Ok(())
    }

    /// What the gateway calls.
    async fn call(&self, client: &Client) {
        while self.goes_on() {
            let begin = Instant::now();
            let answer = client.get(format!("http://{}/status/200", self.door)).send().await;
            let whole = match answer {
                Ok(answer) => (answer.status().as_u16(), answer.bytes().await.is_ok()),
                Err(_) => (0, false),
            };
            // An answer that broke off keeps the status that it began with; a 503 is the agent's own and no call's.
            if let (200, _) = whole {
                self.tally.call(200);
            }
            if whole != (200, true) {
                self.failed(Part::Service, begin, format!("call: {whole:?}")).await;
            }
        }
    }

    /// Somebody who asks the admin port for all there is, again and again.
    async fn scrape(&self, client: &Client) {
        while self.goes_on() {
            for path in [
                "/api/v1/metrics",
                "/api/v1/coverage",
                "/api/v1/alerts/active",
                "/api/v1/query?query=sum(rate(http_requests_total[1m]))",
            ] {
                let answer = client.get(format!("http://{}{path}", self.admin)).send().await;
                // Statuses are others' business here; that it answers is this one's.
                if let Err(error) = answer
                    && self.goes_on()
                {
                    self.tally.wrong(format!("admin port, {path}: {error:?}"));
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Clients that reset the connection under an answer.
    async fn cut(&self) {
        let request = format!("GET {CUT} HTTP/1.1\r\nHost: a\r\n\r\n");
        for nth in 0_u64.. {
            if !self.goes_on() {
                return;
            }
            if let Ok(mut stream) = TcpStream::connect(self.ingress).await {
                let _ = stream.write_all(request.as_bytes()).await;
                tokio::time::sleep(Duration::from_millis(nth % 7)).await;
                let _ = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
            }
            tokio::time::sleep(AFTER_A_FAILURE).await;
        }
    }

    async fn failed(&self, part: Part, begin: Instant, what: String) {
        self.tally.failure(part, begin, what);
        tokio::time::sleep(AFTER_A_FAILURE).await;
    }
}

fn contains(body: &[u8], text: &str) -> bool {
    body.windows(text.len()).any(|window| window == text.as_bytes())
}
