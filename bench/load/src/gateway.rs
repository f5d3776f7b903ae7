//! The gateway of the bench: answers at once, with bytes made beforehand, and echoes WebSocket frames.

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
    /// Bytes of the last reply's body that are not in `output` yet.
    left: usize,
    upgraded: bool,
    close: bool,
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
        Self { socket, input, output, written: 0, left: 0, upgraded: false, close: false }
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
        if self.upgraded {
            return echo(input, &mut self.output);
        }
        let Some(head) = (if input.is_empty() { None } else { head::request(input)? }) else { return Ok(None) };
        // Whole bodies first: some clients take an early answer for a refusal.
        let body = if head.chunked { head::chunks(&input[head.len..])? } else { Some(head.body) };
        let Some(len) = body.map(|body| head.len + body).filter(|&len| len <= input.len()) else { return Ok(None) };
        self.close |= head.close;
        match &head.websocket_key {
            Some(key) => {
                self.upgraded = true;
                self.output.extend_from_slice(switching(key).as_bytes());
            }
            None if head.path == "/64k" => self.output.extend_from_slice(&replies.large),
            None if head.path.starts_with("/bytes/") => {
                self.left = head.path["/bytes/".len()..].parse()?;
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

    /// Makes the next part of a long body; false at its end.
    fn refill(&mut self) -> bool {
        let size = self.left.min(CHUNK);
        if size > 0 {
            self.output.clear();
            self.output.resize(size, b'a');
            self.written = 0;
            self.left -= size;
        }
        size > 0
    }
}

/// Echoes the frame that begins `input`, if it is whole: the same opcode, unmasked; a ping comes back as a pong.
fn echo(input: &[u8], output: &mut Vec<u8>) -> Result<Option<usize>> {
    let [first, second, ..] = *input else { return Ok(None) };
    let (size, mut head) = match second & 0x7f {
        126 if input.len() >= 4 => (usize::from(u16::from_be_bytes([input[2], input[3]])), 4),
        127 if input.len() >= 10 => (input[2..10].iter().fold(0, |size, byte| size << 8 | usize::from(*byte)), 10),
        126 | 127 => return Ok(None),
        size => (usize::from(size), 2),
    };
    ensure!(second & 0x80 != 0, "a client's frame is masked");
    ensure!(size <= 16 << 20, "a frame of {size} bytes");
    head += 4;
    let Some(payload) = input.get(head..head + size) else { return Ok(None) };
    let mask = &input[head - 4..head];
    let opcode = if first & 0x0f == 9 { 10 } else { first & 0x0f };
    output.push(first & 0xf0 | opcode);
    output.push(second & 0x7f);
    output.extend_from_slice(&input[2..head - 4]);
    output.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]));
    Ok(Some(head + size))
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

    #[test]
    fn a_frame_comes_back_unmasked_once_it_is_whole() {
        let frame = [0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2];
        let mut output = Vec::new();
        for cut in 0..frame.len() {
            assert_eq!(echo(&frame[..cut], &mut output).expect("a part is no fault"), None);
        }
        assert_eq!(echo(&frame, &mut output).expect("a good frame"), Some(frame.len()));
        assert_eq!(output, [0x81, 2, b'h', b'i']);
    }

    #[test]
    fn the_handshake_is_that_of_rfc_6455() {
        assert!(
            switching("dGhlIHNhbXBsZSBub25jZQ==").contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")
        );
    }
}
