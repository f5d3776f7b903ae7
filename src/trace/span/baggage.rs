//! What the configuration takes out of W3C `baggage`.

use super::string;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use percent_encoding::percent_decode;

/// Characters of a value that are kept.
const KEPT: usize = 256;

/// The values of `keys` in one line of baggage: `key=value;property, …`, values percent-encoded.
pub(super) fn attributes<'a>(line: &'a [u8], keys: &'a [String]) -> impl Iterator<Item = KeyValue> + 'a {
    let members = line.split(|byte| *byte == b',').filter_map(|member| {
        let pair = member.split(|byte| *byte == b';').next().unwrap_or_default();
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        Some((pair[..equals].trim_ascii(), pair[equals + 1..].trim_ascii()))
    });
    members.filter_map(|(key, value)| {
        let key = keys.iter().find(|wanted| wanted.as_bytes() == key)?;
        let value = percent_decode(value).decode_utf8().ok()?;
        Some(string(key.clone(), value.chars().take(KEPT).collect::<String>()))
    })
}
