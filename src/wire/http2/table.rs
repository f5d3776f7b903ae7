//! HPACK's tables (RFC 7541 §2.3): the static one, and the dynamic one of one direction.

use std::collections::VecDeque;

/// What an entry counts for beyond its bytes (RFC 7541 §4.1).
const OVERHEAD: usize = 32;
/// What a table holds unless something else is agreed on (RFC 9113 §6.5.2).
const DEFAULT_SIZE: usize = 4096;
/// The largest table that is kept for a connection, bytes: what browsers offer.
pub(super) const SIZE_LIMIT: usize = 64 * 1024;

/// The dynamic table. Entries stand behind one another in one buffer, so that a steady state allocates nothing.
#[derive(Debug)]
pub(super) struct Table {
    bytes: Vec<u8>,
    /// Oldest first.
    entries: VecDeque<Entry>,
    size: usize,
    max: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    at: usize,
    name: usize,
    value: usize,
}

impl Default for Table {
    fn default() -> Self {
        Self { bytes: Vec::new(), entries: VecDeque::new(), size: 0, max: DEFAULT_SIZE }
    }
}

impl Table {
    /// Name and value at `index`, which counts from 1 over the static table, then from the youngest.
    pub(super) fn get(&self, index: usize) -> Option<(&[u8], &[u8])> {
        if let Some((name, value)) = STATIC.get(index.checked_sub(1)?) {
            return Some((name.as_bytes(), value.as_bytes()));
        }
        let nth = index - STATIC.len();
        let Entry { at, name, value } = *self.entries.get(self.entries.len().checked_sub(nth)?)?;
        let (name_end, end) = (at + name, at + name + value);
        Some((&self.bytes[at..name_end], &self.bytes[name_end..end]))
    }

    /// Adds an entry; one that does not fit empties the table.
    pub(super) fn insert(&mut self, name: &[u8], value: &[u8]) {
        let size = name.len() + value.len() + OVERHEAD;
        self.evict(self.max.saturating_sub(size));
        if size > self.max {
            return;
        }
        self.make_room();
        self.entries.push_back(Entry { at: self.bytes.len(), name: name.len(), value: value.len() });
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(value);
        self.size += size;
    }

    /// Changes how much it may hold; `false` beyond [`SIZE_LIMIT`].
    pub(super) fn resize(&mut self, max: usize) -> bool {
        if max > SIZE_LIMIT {
            return false;
        }
        self.max = max;
        self.evict(max);
        true
    }

    /// Drops the oldest until no more than `size` is held.
    fn evict(&mut self, size: usize) {
        while self.size > size {
            let Some(Entry { name, value, .. }) = self.entries.pop_front() else { break };
            self.size -= name + value + OVERHEAD;
        }
    }

    /// Forgets bytes of entries that are gone, once they are as many as the table may hold.
    fn make_room(&mut self) {
        let gone = self.entries.front().map_or(self.bytes.len(), |oldest| oldest.at);
        if gone > self.max {
            self.bytes.drain(..gone);
            self.entries.iter_mut().for_each(|entry| entry.at -= gone);
        }
    }
}

/// RFC 7541, appendix A.
#[rustfmt::skip]
const STATIC: [(&str, &str); 61] = [
    (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"), (":path", "/index.html"),
    (":scheme", "http"), (":scheme", "https"), (":status", "200"), (":status", "204"), (":status", "206"),
    (":status", "304"), (":status", "400"), (":status", "404"), (":status", "500"), ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"), ("accept-language", ""), ("accept-ranges", ""), ("accept", ""),
    ("access-control-allow-origin", ""), ("age", ""), ("allow", ""), ("authorization", ""), ("cache-control", ""),
    ("content-disposition", ""), ("content-encoding", ""), ("content-language", ""), ("content-length", ""),
    ("content-location", ""), ("content-range", ""), ("content-type", ""), ("cookie", ""), ("date", ""), ("etag", ""),
    ("expect", ""), ("expires", ""), ("from", ""), ("host", ""), ("if-match", ""), ("if-modified-since", ""),
    ("if-none-match", ""), ("if-range", ""), ("if-unmodified-since", ""), ("last-modified", ""), ("link", ""),
    ("location", ""), ("max-forwards", ""), ("proxy-authenticate", ""), ("proxy-authorization", ""), ("range", ""),
    ("referer", ""), ("refresh", ""), ("retry-after", ""), ("server", ""), ("set-cookie", ""),
    ("strict-transport-security", ""), ("transfer-encoding", ""), ("user-agent", ""), ("vary", ""), ("via", ""),
    ("www-authenticate", ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_make_room_and_indices_shift() {
        let mut table = Table::default();
        assert!(table.resize(100));
        table.insert(b"a", b"1");
        table.insert(b"b", b"2");
        assert_eq!(table.get(62), Some((&b"b"[..], &b"2"[..])));
        assert_eq!(table.get(63), Some((&b"a"[..], &b"1"[..])));
        table.insert(b"c", b"3");
        assert_eq!(table.get(63), Some((&b"b"[..], &b"2"[..])));
        assert_eq!(table.get(64), None);
        table.insert(b"long", &[0; 100]);
        assert_eq!(table.get(62), None);
        assert_eq!((table.get(0), table.get(61).map(|(name, _)| name)), (None, Some(&b"www-authenticate"[..])));
    }

    #[test]
    fn memory_stays_within_twice_the_size() {
        let mut table = Table::default();
        for nth in 0..10_000u32 {
            table.insert(b"x-request-id", nth.to_string().as_bytes());
        }
        assert!(table.bytes.len() < 2 * DEFAULT_SIZE);
        assert_eq!(table.get(62), Some((&b"x-request-id"[..], &b"9999"[..])));
        assert!(!table.resize(SIZE_LIMIT + 1));
    }
}
