//! The parsers of HTTP/2 and gRPC.

use crate::split;
use outrider::wire::grpc;
use outrider::wire::http2::frame::{HEADER_LEN, PADDED, PRIORITY};
use outrider::wire::http2::{Decoder, Event, FrameError, Header, Kind, Scanner, literal};

/// A frame that has passed: its header, its content without padding and priority, what RST_STREAM or GOAWAY said.
type Frame = (Header, Vec<u8>, (u32, u32));

/// Frames are the same in any split, and as a plain reader of the whole cuts them.
pub fn http2_frames(input: &[u8]) {
    let Some((bytes, pieces)) = split(input) else { return };
    let whole = scan(&[bytes]);
    assert_eq!(scan(&pieces), whole);
    let cut = cut(bytes);
    assert!(cut.len() >= whole.0.len(), "more frames than there are");
    for (frame, (header, content)) in whole.0.iter().zip(&cut) {
        assert_eq!((&frame.0, Some(&frame.1)), (header, content.as_ref()));
    }
    assert!(whole.1.is_some() || whole.0.len() == cut.len(), "a whole frame was not seen");
}

fn scan(pieces: &[&[u8]]) -> (Vec<Frame>, Option<FrameError>) {
    let (mut scanner, mut frames, mut content) = (Scanner::default(), Vec::new(), Vec::new());
    for piece in pieces {
        let mut rest = *piece;
        loop {
            let (taken, event) = match scanner.next(rest) {
                Ok(Some(next)) => next,
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            };
            rest = &rest[taken..];
            match event {
                Event::Begin(_) => content.clear(),
                Event::Content(_, bytes) => content.extend_from_slice(bytes),
                Event::End(header) => {
                    let said = match header.kind {
                        Kind::ResetStream => (scanner.reset_code(), 0),
                        Kind::GoAway => scanner.goaway(),
                        _ => (0, 0),
                    };
                    frames.push((header, content.clone(), said));
                }
            }
        }
    }
    (frames, None)
}

/// Every whole frame of `bytes`, with its content where padding and priority fit.
fn cut(mut bytes: &[u8]) -> Vec<(Header, Option<Vec<u8>>)> {
    let mut frames = Vec::new();
    while let Some((first, rest)) = bytes.split_first_chunk::<HEADER_LEN>() {
        let header = Header::parse(first);
        let Some((payload, rest)) = rest.split_at_checked(header.len as usize) else { break };
        frames.push((header, content(&header, payload).map(<[u8]>::to_vec)));
        bytes = rest;
    }
    frames
}

fn content<'a>(header: &Header, mut payload: &'a [u8]) -> Option<&'a [u8]> {
    let mut padding = 0;
    if header.flags & PADDED != 0 && matches!(header.kind, Kind::Data | Kind::Headers | Kind::PushPromise) {
        let (first, rest) = payload.split_first()?;
        (padding, payload) = (usize::from(*first), rest);
    }
    let skipped = match header.kind {
        Kind::Headers if header.flags & PRIORITY != 0 => 5,
        Kind::PushPromise => 4,
        _ => 0,
    };
    let payload = payload.get(skipped..)?;
    payload.get(..payload.len().checked_sub(padding)?)
}

/// What two decoders of HPACK can read, both read alike. An input is blocks, each behind a byte with its length.
pub fn hpack(input: &[u8]) {
    let (mut ours, mut theirs) = (Decoder::default(), loona_hpack::Decoder::new());
    let mut rest = input;
    while let Some((&len, tail)) = rest.split_first() {
        let (block, tail) = tail.split_at(tail.len().min(len.into()));
        rest = tail;
        let mut fields = Vec::new();
        let read = ours.decode(block, &mut Vec::new(), |name, value| fields.push((name.to_vec(), value.to_vec())));
        // One may be stricter than the other; from there on their tables differ.
        let (Ok(()), Ok(same)) = (read, theirs.decode(block)) else { return };
        assert_eq!(fields, same);
    }
}

/// Fields that another encoder wrote are read as they were, and ours by the other decoder. An input is names and values, each behind a byte with its
/// length; an empty name ends a block.
pub fn hpack_built(input: &[u8]) {
    let (mut encoder, mut decoder) = (loona_hpack::Encoder::new(), Decoder::default());
    let mut texts = Vec::new();
    let mut rest = input;
    while let Some((&len, tail)) = rest.split_first() {
        let (text, tail) = tail.split_at(tail.len().min(len.into()));
        texts.push(text);
        rest = tail;
    }
    let fields: Vec<(&[u8], &[u8])> = texts.as_chunks().0.iter().map(|&[name, value]| (name, value)).collect();
    for block in fields.split(|(name, _)| name.is_empty()) {
        let encoded = encoder.encode(block.iter().copied());
        let mut seen = Vec::new();
        let read = decoder.decode(&encoded, &mut Vec::new(), |name, value| seen.push((name.to_vec(), value.to_vec())));
        assert_eq!(read, Ok(()), "{block:?}");
        assert!(seen.iter().map(|(name, value)| (&**name, &**value)).eq(block.iter().copied()), "{seen:?} {block:?}");
        let short = || block.iter().filter(|(name, value)| name.len() < 127 && value.len() < 127);
        let mut ours = Vec::new();
        short().for_each(|(name, value)| literal(name, value, &mut ours));
        let read = loona_hpack::Decoder::new().decode(&ours).expect("what we write can be read");
        assert!(read.iter().map(|(name, value)| (&**name, &**value)).eq(short().copied()), "{read:?}");
    }
}

/// Messages are counted the same in any split, and as the lengths in front of them say.
pub fn grpc(input: &[u8]) {
    let Some((bytes, pieces)) = split(input) else { return };
    let (mut counted, mut rest) = (0, bytes);
    while let Some((prefix, tail)) = rest.split_first_chunk::<5>() {
        let [_, len @ ..] = *prefix;
        let Some(tail) = tail.get(u32::from_be_bytes(len) as usize..) else { break };
        counted += 1;
        rest = tail;
    }
    assert_eq!(grpc::Scanner::default().scan(bytes), counted);
    let mut scanner = grpc::Scanner::default();
    assert_eq!(pieces.iter().map(|piece| scanner.scan(piece)).sum::<u64>(), counted);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_reader_leaves_padding_and_priority_out() {
        let header = Header { len: 0, kind: Kind::Headers, flags: PADDED | PRIORITY, stream: 1 };
        assert_eq!(content(&header, &[2, 0, 0, 0, 0, 0, 7, 8, 0, 0]), Some(&[7, 8][..]));
        assert_eq!(content(&header, &[9, 0, 0, 0, 0, 0, 7]), None);
    }
}
