//! The parsers of HTTP/1.

use crate::split;
use outrider::wire::http1::{BlankLine, Body, body::ChunkedError, chunked::Chunked, request, response};
use outrider::wire::sniff as wire;
use std::fmt::Debug;

/// Once named, a protocol keeps its name; 24 bytes always name it.
pub fn sniff(input: &[u8]) {
    let mut named = None;
    for end in 0..=input.len().min(64) {
        let found = wire::sniff(&input[..end]);
        assert!(named.is_none() || found == named, "{end} bytes are {found:?}, fewer were {named:?}");
        assert!(found.is_some() || end < wire::HTTP2_PREFACE.len(), "{end} bytes have no name");
        named = found;
    }
}

/// The empty line ends where a search of the whole has it end.
pub fn blank_line(input: &[u8]) {
    let Some((bytes, pieces)) = split(input) else { return };
    let searched = (0..bytes.len()).find_map(|at| {
        let ends = |line: &[u8]| bytes[at..].starts_with(line).then_some(at + line.len());
        ends(b"\n\n").or_else(|| ends(b"\n\r\n"))
    });
    assert_eq!(BlankLine::default().find(bytes), searched);
    let (mut blank, mut before) = (BlankLine::default(), 0);
    let found = pieces.iter().find_map(|piece| {
        let found = blank.find(piece).map(|end| before + end);
        before += piece.len();
        found
    });
    assert_eq!(found, searched);
}

/// A head is the same whatever follows it, and there is none before it is whole.
pub fn heads(input: &[u8]) {
    prefixes(input, |bytes| {
        request(bytes, |head| {
            assert!(bytes.starts_with(head.bytes) && head.bytes.ends_with(b"\n"));
            assert!(head.forwarded_for.is_none_or(|at| at < head.bytes.len()), "an edit behind the head");
            let fields: Vec<_> =
                head.fields.iter().map(|field| (field.name.to_owned(), field.value.to_vec())).collect();
            let line = (head.method.to_owned(), head.target.to_owned(), head.minor);
            (head.bytes.len(), line, fields, head.body, head.upgrade, head.forwarded_for)
        })
        .map(|seen| seen.map(|seen| (seen.0, seen)))
    });
    prefixes(input, |bytes| {
        response(bytes, |head| {
            assert!(bytes.starts_with(head.bytes) && head.bytes.ends_with(b"\n"));
            assert!((100..1000).contains(&head.status), "status {}", head.status);
            let fields: Vec<_> =
                head.fields.iter().map(|field| (field.name.to_owned(), field.value.to_vec())).collect();
            (head.bytes.len(), head.status, fields, head.body)
        })
        .map(|seen| seen.map(|seen| (seen.0, seen)))
    });
}

/// Parses ever longer prefixes: an error stays, a head stays the head it is and was not there before its end.
pub(crate) fn prefixes<T: PartialEq + Debug, E: Debug>(
    input: &[u8],
    parse: impl Fn(&[u8]) -> Result<Option<(usize, T)>, E>,
) {
    let Some((bytes, pieces)) = split(input) else { return };
    let whole = parse(bytes);
    let mut end = 0;
    for piece in pieces {
        end += piece.len();
        match (parse(&bytes[..end]), &whole) {
            (Ok(None), _) => {}
            (Ok(Some((len, head))), Ok(Some((_, same)))) => {
                assert!(len <= end && head == *same, "{head:?} became {same:?}");
            }
            (Err(_), Err(_)) => {}
            (found, whole) => panic!("{end} bytes give {found:?}, all of them {whole:?}"),
        }
    }
}

/// How a body came out: where it ended, and how much content it had until there.
type Ended = Result<Option<(usize, u64)>, ChunkedError>;

/// A body ends in the same place in any split, and where a plain decoder has it end.
pub fn chunked(input: &[u8]) {
    let Some((bytes, pieces)) = split(input) else { return };
    let whole = read(&[bytes]);
    assert_eq!(read(&pieces), whole);
    if let Ok(Some((end, content))) = whole {
        assert_eq!(decode(&bytes[..end]), Some(content), "{:?}", String::from_utf8_lossy(&bytes[..end]));
    }
}

fn read(pieces: &[&[u8]]) -> Ended {
    let mut body = Body::Chunked(Chunked::default());
    let (mut taken, mut content) = (0, 0);
    for piece in pieces {
        let step = body.advance(piece, |_| {}).map_err(|fault| ChunkedError { at: taken + fault.at })?;
        assert!(step.taken <= piece.len() && step.content <= step.taken as u64);
        assert!(step.done || step.taken == piece.len(), "bytes are left of a body that goes on");
        taken += step.taken;
        content += step.content;
        if step.done {
            return Ok(Some((taken, content)));
        }
    }
    Ok(None)
}

/// The content of exactly one whole body, decoded as one would with all of it in hand.
fn decode(mut bytes: &[u8]) -> Option<u64> {
    let mut content = 0;
    loop {
        let size = line(&mut bytes)?;
        let digits = size.split(|byte| b"; \t".contains(byte)).next()?;
        let size = u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        if size == 0 {
            while !line(&mut bytes)?.is_empty() {}
            return bytes.is_empty().then_some(content);
        }
        let (_, rest) = bytes.split_at_checked(usize::try_from(size).ok()?)?;
        content += size;
        bytes = rest.strip_prefix(b"\r\n")?;
    }
}

/// Takes a line and its CR LF.
fn line<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = bytes.windows(2).position(|two| two == b"\r\n")?;
    let line = &bytes[..end];
    *bytes = &bytes[end + 2..];
    Some(line)
}
