//! Paths that climb out of their root.

use super::text::layers;

/// Whether a path (still encoded) shows the intent to climb: it goes above its root, or hides a `..` by encoding, by a
/// backslash or by a matrix parameter. A plain `..` that stays below the root is a clumsy client.
pub(super) fn climbs(path: &[u8]) -> bool {
    let plain = path.split(|byte| *byte == b'/').filter(|segment| *segment == b"..").count();
    let mut hidden = false;
    layers(path, false, |text| {
        let segments = text.split(|byte| matches!(byte, b'/' | b'\\'));
        hidden |= segments.filter(|segment| is_up(segment)).count() > plain;
    });
    hidden || goes_above(path)
}

/// `..`, also as Tomcat (`..;x`) and filters that strip it once (`....`) let it pass.
fn is_up(segment: &[u8]) -> bool {
    let bare = segment.split(|byte| *byte == b';').next().unwrap_or(segment);
    bare == b".." || bare == b"...."
}

fn goes_above(path: &[u8]) -> bool {
    let mut depth = 0_i32;
    path.split(|byte| *byte == b'/').filter(|segment| !segment.is_empty() && *segment != b".").any(|segment| {
        depth += if segment == b".." { -1 } else { 1 };
        depth < 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_climbs_is_known_in_every_disguise() {
        for path in [
            "/../etc",
            "/a/../../b",
            "/a/%2e%2e/b",
            "/a/..%2fb",
            "/a/%252e%252e%252fb",
            "/a/..%5c..%5cb",
            "/a/..;/b",
            "/a/..\\b",
            "/a/%c0%ae%c0%ae/b",
            "/a/....//b",
            "/a/%u002e%u002e/b",
            "/a/.%2e/b",
        ] {
            assert!(climbs(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn dots_that_climb_nowhere_are_no_attack() {
        for path in
            ["/a/../b", "/a/b/../../c", "/a..b/c", "/a/%2e%2efile", "/v1...v2", "/a/./b", "/...", "/a/.%2ehidden"]
        {
            assert!(!climbs(path.as_bytes()), "{path}");
        }
    }
}
