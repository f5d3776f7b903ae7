//! Which paths are static assets: files that a page pulls in, not endpoints of an API.

/// Extensions of assets. Documents that an API may well produce (`json`, `xml`, `csv`, `pdf`, `zip`) are not among them.
const EXTENSIONS: &str = "avif bmp cjs css eot gif ico jpeg jpg js less m4a map mjs mp3 mp4 ogg otf png scss svg ts tsx ttf \
    txt wasm wav webm webmanifest webp woff woff2";

/// Whether the last segment of a path names an asset: by its extension, or by a hash that a bundler put before one
/// (`manifest.8f3a2b1c.json`, `chunk-8f3a2b1c.html`).
pub(super) fn is_asset(segment: &[u8]) -> bool {
    let Some(dot) = segment.iter().rposition(|byte| *byte == b'.') else { return false };
    let (stem, extension) = (&segment[..dot], &segment[dot + 1..]);
    if stem.is_empty() || !matches!(extension.len(), 2..=11) {
        return false;
    }
    EXTENSIONS.split_ascii_whitespace().any(|known| extension.eq_ignore_ascii_case(known.as_bytes()))
        || (extension.iter().all(u8::is_ascii_alphanumeric) && is_hashed(stem))
}

/// `name.8f3a2b1c`, `name-8f3a2b1c`: a name, then 8 to 64 hex digits with a decimal and a letter among them. A UUID is not
/// such a name: what stands before its last group is hex as well.
fn is_hashed(stem: &[u8]) -> bool {
    let Some(at) = stem.iter().rposition(|byte| matches!(byte, b'.' | b'-')) else { return false };
    let (name, hash) = (&stem[..at], &stem[at + 1..]);
    matches!(hash.len(), 8..=64)
        && hash.iter().all(u8::is_ascii_hexdigit)
        && hash.iter().any(u8::is_ascii_digit)
        && hash.iter().any(u8::is_ascii_alphabetic)
        && name.iter().any(|byte| byte.is_ascii_alphabetic() && !byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_are_known_by_extension_or_hash() {
        let names = "app.js main.3f2a1b9c.css LOGO.PNG favicon.ico robots.txt a.b.woff2 manifest.8f3a2b1c.json \
            chunk-8f3a2b1c.html app.js.map";
        for name in names.split_whitespace() {
            assert!(is_asset(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn what_an_api_produces_is_no_asset() {
        let names = "users openapi.json report.pdf export.csv js .js a. v1.2 chat.postMessage order-20240115.json \
            550e8400-e29b-41d4-a716-446655440000.json sitemap.xml archive.tar.gz";
        for name in names.split_whitespace() {
            assert!(!is_asset(name.as_bytes()), "{name}");
        }
    }
}
