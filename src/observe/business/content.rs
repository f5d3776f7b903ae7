//! What a body says: its encoding taken off, and the documents in it.

use super::pointer::{self, Pointer};
use crate::event::exchange::Message;
use std::borrow::Cow;
use std::io::Read;

/// Decoded bytes for each byte that is kept, at most: text shrinks tenfold, bombs a thousandfold.
const EXPANSION: usize = 16;

/// Why a body cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// More of it passed than is kept, or it decodes to more.
    TooLarge,
    /// It is in an encoding that we do not know, or that it is not in.
    Encoding,
    /// It is no JSON.
    NotJson,
}

impl Unread {
    /// As the label `reason` has it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Encoding => "encoding",
            Self::NotJson => "not_json",
        }
    }
}

/// Whether a message says that its content is JSON, or a stream of it.
pub(super) fn is_json(message: &Message) -> bool {
    let json = |kind: &[u8]| kind.ends_with(b"json") || kind.ends_with(b"jsonl") || kind == b"text/event-stream";
    media_type(message).is_some_and(|kind| json(&kind))
}

/// What `pointers` lead to in the content of `message`, of which at most `limit` bytes are kept. In a stream of events or
/// lines the last one that has it counts.
pub(super) fn read(message: &Message, limit: usize, pointers: &[Pointer]) -> Result<Vec<Option<String>>, Unread> {
    let kind = media_type(message).unwrap_or_default();
    let is_stream = kind == b"text/event-stream";
    let is_enough = message.is_whole() || (is_stream && message.keeps_tail);
    if !is_enough {
        return Err(Unread::TooLarge);
    }
    let body = decoded(message, limit * EXPANSION)?;
    if is_stream {
        return Ok(last(events(&body), pointers));
    }
    if kind.ends_with(b"ndjson") || kind.ends_with(b"jsonl") {
        return Ok(last(body.split(|byte| *byte == b'\n').map(Cow::Borrowed), pointers));
    }
    pointer::find(&body, pointers).map_err(|_| Unread::NotJson)
}

fn media_type(message: &Message) -> Option<Vec<u8>> {
    let kind = message.field("content-type")?.split(|byte| *byte == b';').next()?;
    Some(kind.trim_ascii().to_ascii_lowercase())
}

/// The content without its encodings, no more than `limit` bytes.
fn decoded(message: &Message, limit: usize) -> Result<Cow<'_, [u8]>, Unread> {
    let body = message.body.as_slice();
    let Some(encoding) = message.field("content-encoding") else { return Ok(Cow::Borrowed(body)) };
    let mut out = Vec::new();
    let cap = limit as u64 + 1;
    let read = match encoding.to_ascii_lowercase().as_slice() {
        b"" | b"identity" => return Ok(Cow::Borrowed(body)),
        b"gzip" | b"x-gzip" => flate2::read::MultiGzDecoder::new(body).take(cap).read_to_end(&mut out),
        // Some say deflate and mean it without the zlib header that RFC 9110 §8.4.1.2 wants.
        b"deflate" if body.first().is_some_and(|byte| byte & 0x0f == 8) => {
            flate2::read::ZlibDecoder::new(body).take(cap).read_to_end(&mut out)
        }
        b"deflate" => flate2::read::DeflateDecoder::new(body).take(cap).read_to_end(&mut out),
        b"br" => brotli_decompressor::Decompressor::new(body, 4096).take(cap).read_to_end(&mut out),
        _ => return Err(Unread::Encoding),
    };
    match read {
        Ok(_) if out.len() > limit => Err(Unread::TooLarge),
        Ok(_) => Ok(Cow::Owned(out)),
        Err(_) => Err(Unread::Encoding),
    }
}

/// The data of each event of a stream (WHATWG HTML, server-sent events); several lines of data are one text.
fn events(stream: &[u8]) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let mut lines = stream.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    std::iter::from_fn(move || {
        let mut data: Option<Vec<u8>> = None;
        for line in lines.by_ref() {
            match (line.strip_prefix(b"data:"), &mut data) {
                (Some(more), data) => {
                    let more = more.strip_prefix(b" ").unwrap_or(more);
                    let text = data.get_or_insert_default();
                    text.extend_from_slice(if text.is_empty() { b"" } else { b"\n" });
                    text.extend_from_slice(more);
                }
                (None, Some(_)) if line.is_empty() => break,
                _ => {}
            }
        }
        data.map(Cow::Owned)
    })
}

/// What the last document that has it says; what is no JSON, such as `[DONE]`, has nothing.
fn last<'a>(documents: impl Iterator<Item = Cow<'a, [u8]>>, pointers: &[Pointer]) -> Vec<Option<String>> {
    let mut found = vec![None; pointers.len()];
    for document in documents {
        let Ok(values) = pointer::find(&document, pointers) else { continue };
        found.iter_mut().zip(values).for_each(|(slot, value)| *slot = value.or(slot.take()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn message(head: &str, body: &[u8]) -> Message {
        let mut message = Message { size: body.len() as u64, ..Message::default() };
        message.keep_head(format!("HTTP/1.1 200 OK\r\n{head}\r\n").as_bytes());
        message.keep_body(body, 65_536);
        message
    }

    fn value(message: &Message, pointer: &str) -> Result<Option<String>, Unread> {
        read(message, 65_536, &[Pointer::new(pointer)]).map(|mut found| found.remove(0))
    }

    #[test]
    fn encodings_are_taken_off() {
        let json = br#"{"a":"b"}"#;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(json).unwrap();
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(json).unwrap();
        let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        raw.write_all(json).unwrap();
        // `{"a":"b"}` as brotli has it uncompressed.
        let brotli = [&[0x0b, 0x04, 0x80][..], json, &[0x03]].concat();
        for (encoding, body) in [
            ("gzip", gzip.finish().unwrap()),
            ("deflate", zlib.finish().unwrap()),
            ("deflate", raw.finish().unwrap()),
            ("BR", brotli),
            ("identity", json.to_vec()),
        ] {
            let message = message(&format!("Content-Encoding: {encoding}\r\n"), &body);
            assert_eq!(value(&message, "/a"), Ok(Some("b".to_owned())), "{encoding}");
        }
        assert_eq!(value(&message("Content-Encoding: zstd\r\n", json), "/a"), Err(Unread::Encoding));
        assert_eq!(value(&message("Content-Encoding: gzip\r\n", json), "/a"), Err(Unread::Encoding));
    }

    #[test]
    fn a_bomb_is_too_large() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&vec![b' '; 10 << 20]).unwrap();
        let message = message("Content-Encoding: gzip\r\n", &gzip.finish().unwrap());
        assert_eq!(value(&message, "/a"), Err(Unread::TooLarge));
    }

    #[test]
    fn of_a_stream_the_last_event_that_has_it_counts() {
        let stream =
            b"event: x\ndata: {\"n\":1,\"m\":5}\n\n: comment\r\ndata: {\"n\":\r\ndata: 2}\r\n\r\ndata: [DONE]\n\n";
        let message = message("Content-Type: text/event-stream; charset=utf-8\r\n", stream);
        assert_eq!(value(&message, "/n"), Ok(Some("2".to_owned())));
        assert_eq!(value(&message, "/m"), Ok(Some("5".to_owned())));
    }

    #[test]
    fn what_is_cut_or_no_json_is_told() {
        let mut cut = message("", b"{}");
        cut.size = 100_000;
        assert_eq!(value(&cut, "/a"), Err(Unread::TooLarge));
        assert_eq!(value(&message("", b"<html>"), "/a"), Err(Unread::NotJson));
        assert_eq!(
            value(&message("Content-Type: application/x-ndjson\r\n", b"{\"a\":1}\n{\"b\":2}\n"), "/a"),
            Ok(Some("1".into()))
        );
    }
}
