//! The gateway of the bench: answers at once, with bytes made beforehand. A WebSocket at `/push/N` answers each message with N like
//! it, one at `/every/N` answers each Nth message, any other echoes.

use crate::head;
use crate::poll::{Interest, Poll};
use crate::request::would_block;
use anyhow::{Result, ensure};
use base64::Engine;
use sha1::{Digest, Sha1};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

const SMALL: &str = r#"{"id":"4f1c2a7e-9b53-4d10-8a86-1f0e2d3c4b5a","object":"reply","status":"ok","model":"g1","usage":{"in":128,"out":512,"total":640},"items":[1,2,3,5,8,13,21,34],"note":"canned reply of the bench gateway"}"#;
const LISTENER: u64 = u64::MAX;
/// Of a long body, how much is made at a time.
const CHUNK: usize = 64 * 1024;

struct Replies {
    small: Vec<u8>,
    large: Vec<u8>,
}

struct Connection {
    socket: TcpStream,
    input: Vec<u8>,
    output: Vec<u8>,
    written: usize,
    /// Bytes of the last reply that are not in `output` yet, and what they are made of, again and again.
    left: usize,
    block: Vec<u8>,
    answers: Option<Answers>,
    close: bool,
}

/// How a WebSocket is answered: each `every`th message, with `times` like it.
#[derive(Clone, Copy)]
struct Answers {
    every: usize,
    times: usize,
    /// Messages since the last that was answered.
    came: usize,
}

/// Serves until the process is ended.
pub fn serve(listen: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind(listen)?;
    listener.set_nonblocking(true)?;
    let mut poll = Poll::new()?;
    poll.add(&listener, LISTENER)?;
    let replies = Replies { small: canned(SMALL.as_bytes()), large: canned(&[b'a'; 64 * 1024]) };
    let (mut connections, mut next) = (HashMap::<u64, Connection>::new(), 0);
    let (mut buffer, mut ready) = (vec![0; 128 * 1024], Vec::new());
    loop {
        ready.clear();
        ready.extend(poll.wait(None)?);
        for event in &ready {
            if event.token == LISTENER {
                while let Ok((stream, _)) = listener.accept() {
                    stream.set_nonblocking(true)?;
                    stream.set_nodelay(true)?;
                    poll.add(&stream, next)?;
                    connections.insert(next, Connection::new(stream));
                    next += 1;
                }
            } else if let Some(connection) = connections.get_mut(&event.token) {
                let mut alive = !event.read || connection.read(&mut buffer, &replies).unwrap_or(false);
                alive = alive && connection.write(&poll, event.token, event.write).unwrap_or(false);
                if !alive {
                    connections.remove(&event.token);
                }
            }
        }
    }
}

impl Connection {
    fn new(socket: TcpStream) -> Self {
        let (input, output) = (Vec::new(), Vec::new());
        Self { socket, input, output, written: 0, left: 0, block: Vec::new(), answers: None, close: false }
    }

    /// Takes what is there; false at its end.
    fn read(&mut self, buffer: &mut [u8], replies: &Replies) -> Result<bool> {
        match self.socket.read(buffer) {
            Ok(0) => return Ok(false),
            Ok(n) => self.input.extend_from_slice(&buffer[..n]),
            Err(e) if would_block(&e) => {}
            Err(e) => return Err(e.into()),
        }
        let mut used = 0;
        while let Some(len) = self.answer(used, replies)? {
            used += len;
        }
        self.input.drain(..used);
        Ok(true)
    }

    /// Answers what begins at `at` of the input, if it is whole, and says how long it was.
    fn answer(&mut self, at: usize, replies: &Replies) -> Result<Option<usize>> {
        let input = &self.input[at..];
        if let Some(answers) = &mut self.answers {
            let Some(frame) = frame(input)? else { return Ok(None) };
            answers.came += 1;
            if answers.came >= answers.every {
                answers.came = 0;
                let from = self.output.len();
                frame.echo(&mut self.output);
                if answers.times > 1 {
                    let one = self.output.split_off(from);
                    self.left = one.len() * answers.times;
                    self.block = one.repeat((CHUNK / one.len()).max(1));
                }
            }
            return Ok(Some(frame.len));
        }
        let Some(head) = (if input.is_empty() { None } else { head::request(input)? }) else { return Ok(None) };
        // Whole bodies first: some clients take an early answer for a refusal.
        let body = if head.chunked { head::chunks(&input[head.len..])? } else { Some(head.body) };
        let Some(len) = body.map(|body| head.len + body).filter(|&len| len <= input.len()) else { return Ok(None) };
        self.close |= head.close;
        match &head.websocket_key {
            Some(key) => {
                self.answers = Some(Answers::at(&head.path)?);
                self.output.extend_from_slice(switching(key).as_bytes());
            }
            None if head.path == "/64k" => self.output.extend_from_slice(&replies.large),
            None if head.path.starts_with("/bytes/") => {
                self.left = head.path["/bytes/".len()..].parse()?;
                self.block = vec![b'a'; CHUNK];
                self.output.extend_from_slice(reply_head(self.left).as_bytes());
            }
            None => self.output.extend_from_slice(&replies.small),
        }
        Ok(Some(len))
    }

    /// Writes what can be written; false where the connection is to be closed.
    fn write(&mut self, poll: &Poll, token: u64, was_waiting: bool) -> Result<bool> {
        while self.written < self.output.len() || self.refill() {
            match self.socket.write(&self.output[self.written..]) {
                Ok(n) => self.written += n,
                Err(e) if would_block(&e) => {
                    poll.change(&self.socket, token, Interest::ReadAndWrite)?;
                    return Ok(true);
                }
                Err(e) => return Err(e.into()),
            }
        }
        if was_waiting {
            poll.change(&self.socket, token, Interest::Read)?;
        }
        let answered = !self.output.is_empty();
        self.output.clear();
        self.written = 0;
        Ok(!(answered && self.close))
    }

    /// Makes the next part of a long reply; false at its end.
    fn refill(&mut self) -> bool {
        let size = self.left.min(self.block.len());
        if size > 0 {
            self.output.clear();
            self.output.extend_from_slice(&self.block[..size]);
            self.written = 0;
            self.left -= size;
        }
        size > 0
    }
}

impl Answers {
    fn at(path: &str) -> Result<Self> {
        let count = |way: &str| path.strip_prefix(way).map(str::parse::<usize>).transpose();
        Ok(Self { every: count("/every/")?.unwrap_or(1), times: count("/push/")?.unwrap_or(1), came: 0 })
    }
}

/// A client's frame at the start of the input.
struct Frame<'a> {
    /// All of it.
    len: usize,
    first: u8,
    /// The size as it is written, without the bit that says masked.
    size: &'a [u8],
    mask: &'a [u8],
    payload: &'a [u8],
}

/// The frame that begins `input`, if it is whole.
fn frame(input: &[u8]) -> Result<Option<Frame<'_>>> {
    let [first, second, ..] = *input else { return Ok(None) };
    let (size, head) = match second & 0x7f {
        126 if input.len() >= 4 => (usize::from(u16::from_be_bytes([input[2], input[3]])), 4),
        127 if input.len() >= 10 => (input[2..10].iter().fold(0, |size, byte| size << 8 | usize::from(*byte)), 10),
        126 | 127 => return Ok(None),
        size => (usize::from(size), 2),
    };
    ensure!(second & 0x80 != 0, "a client's frame is masked");
    ensure!(size <= 16 << 20, "a frame of {size} bytes");
    let len = head + 4 + size;
    let Some(payload) = input.get(head + 4..len) else { return Ok(None) };
    Ok(Some(Frame { len, first, size: &input[1..head], mask: &input[head..head + 4], payload }))
}

impl Frame<'_> {
    /// Writes its echo: the same opcode, unmasked; a ping comes back as a pong.
    fn echo(&self, output: &mut Vec<u8>) {
        let opcode = if self.first & 0x0f == 9 { 10 } else { self.first & 0x0f };
        output.push(self.first & 0xf0 | opcode);
        output.push(self.size[0] & 0x7f);
        output.extend_from_slice(&self.size[1..]);
        output.extend(self.payload.iter().enumerate().map(|(at, byte)| byte ^ self.mask[at % 4]));
    }
}

fn canned(body: &[u8]) -> Vec<u8> {
    [reply_head(body.len()).as_bytes(), body].concat()
}

fn reply_head(body: usize) -> String {
    let head = "HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: application/json\r\nContent-Length: ";
    format!("{head}{body}\r\n\r\n")
}

fn switching(key: &str) -> String {
    let digest = Sha1::digest(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    let accept = base64::engine::general_purpose::STANDARD.encode(digest);
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    format!("HTTP/1.1 101 Switching Protocols\r\n{upgrade}Sec-WebSocket-Accept: {accept}\r\n\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: [u8; 8] = [0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2];

    #[test]
    fn a_frame_comes_back_unmasked_once_it_is_whole() {
        for cut in 0..FRAME.len() {
            assert!(frame(&FRAME[..cut]).expect("a part is no fault").is_none(), "{cut}");
        }
        let (whole, mut output) = (frame(&FRAME).expect("a good frame").expect("a whole frame"), Vec::new());
        whole.echo(&mut output);
        assert_eq!((whole.len, output.as_slice()), (FRAME.len(), [0x81, 2, b'h', b'i'].as_slice()));
    }

    /// What a WebSocket at `path` is answered once `messages` have come.
    fn answered(path: &str, messages: usize) -> Vec<u8> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let socket = TcpStream::connect(listener.local_addr().expect("it is bound")).expect("it listens");
        let mut connection = Connection::new(socket);
        connection.answers = Some(Answers::at(path).expect("a good path"));
        connection.input = FRAME.repeat(messages);
        let (replies, mut used, mut all) = (Replies { small: Vec::new(), large: Vec::new() }, 0, Vec::new());
        while let Some(len) = connection.answer(used, &replies).expect("good frames") {
            used += len;
        }
        all.append(&mut connection.output);
        while connection.refill() {
            assert!(connection.output.len() <= CHUNK);
            all.append(&mut connection.output);
        }
        all
    }

    #[test]
    fn one_way_streams_are_answered_as_the_path_says() {
        let one = [0x81, 2, b'h', b'i'];
        assert_eq!(answered("/", 3), one.repeat(3));
        assert!(answered("/every/3", 2).is_empty());
        assert_eq!(answered("/every/3", 7), one.repeat(2));
        assert_eq!(answered("/push/40000", 1), one.repeat(40_000));
    }

    #[test]
    fn the_handshake_is_that_of_rfc_6455() {
        assert!(
            switching("dGhlIHNhbXBsZSBub25jZQ==").contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")
        );
    }
}
