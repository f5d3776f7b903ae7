//! The scanner of WebSocket frames.

use crate::{pieces, split};
use outrider::wire::websocket::{FrameError, Kind, Message, Scanner, Unread};

/// What a scanner saw, the error that ended it, and whether it stood between two messages.
type Scanned = (Vec<Message>, Option<FrameError>, bool);

fn scan(pieces: &[&[u8]]) -> Scanned {
    let (mut scanner, mut seen) = (Scanner::default(), Vec::new());
    let mut see = |message: Message, _: Result<&[u8], Unread>| seen.push(message);
    let error = pieces.iter().find_map(|piece| scanner.scan(piece, &mut see).err());
    (seen, error, error.is_none() && scanner.is_between_messages())
}

/// Any split gives the same messages, and the same error behind them.
pub fn websocket(input: &[u8]) {
    let Some((bytes, pieces)) = split(input) else { return };
    let whole = scan(&[bytes]);
    let headers: usize = whole.0.len() * 2;
    assert!(headers <= bytes.len(), "more messages than {} bytes have frames", bytes.len());
    assert_eq!(scan(&pieces), whole);
}

/// Messages that were framed come out as they went in. The input is read as instructions: a byte that chooses the kind, the
/// form of the length, the mask and whether a frame is the last; a byte for the size.
pub fn websocket_built(input: &[u8]) {
    let Some((&seed, instructions)) = input.split_first() else { return };
    let (mut stream, mut want, mut open) = (Vec::new(), Vec::new(), None::<Message>);
    for &[how, size] in instructions.as_chunks().0 {
        let (masked, last) = (how & 0x80 != 0, how & 0x40 != 0);
        let control = how & 0x20 != 0;
        let size = usize::from(size);
        if control {
            let payload = vec![how; size.min(125)];
            let code = (payload.len() >= 2).then(|| u16::from_be_bytes([how, how]));
            let (opcode, kind) = [(8, Kind::Close(code)), (9, Kind::Ping), (10, Kind::Pong)][usize::from(how) % 3];
            frame(&mut stream, 0x80 | opcode, masked, 0, &payload);
            want.push(Message { kind, size: payload.len() as u64 });
            continue;
        }
        let opcode = match open {
            Some(_) => 0,
            None => 1 + (how & 1),
        };
        let kind = if opcode == 1 { Kind::Text } else { Kind::Binary };
        let mut message = open.take().unwrap_or(Message { kind, size: 0 });
        message.size += size as u64;
        frame(&mut stream, opcode | if last { 0x80 } else { 0 }, masked, how >> 2 & 3, &vec![how; size]);
        if last {
            want.push(message);
        } else {
            open = Some(message);
        }
    }
    let scanned = scan(&pieces(seed, &stream));
    assert_eq!(scanned, (want, None, open.is_none()));
}

/// A frame whose length takes the form that `longer` asks for, or a longer one where it must.
fn frame(stream: &mut Vec<u8>, first: u8, masked: bool, longer: u8, payload: &[u8]) {
    let mask = if masked { 0x80 } else { 0 };
    stream.push(first);
    match (longer, payload.len()) {
        (0, size @ 0..126) => stream.push(mask | size as u8),
        (0 | 1, size @ 0..0x1_0000) => {
            stream.push(mask | 126);
            stream.extend((size as u16).to_be_bytes());
        }
        (_, size) => {
            stream.push(mask | 127);
            stream.extend((size as u64).to_be_bytes());
        }
    }
    let key = if masked { [1, 2, 3, 4] } else { [0; 4] };
    if masked {
        stream.extend(key);
    }
    stream.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ key[at % 4]));
}
