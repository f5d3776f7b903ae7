//! What may be changed in bytes on their way to the gateway. Who makes edits, and which, stands in `observe/edits.rs`.

use std::ops::Range;

/// Edits to one run of bytes, in rising order of place. Kept and reused, so that a steady state allocates nothing.
#[derive(Debug, Default)]
pub struct Edits {
    places: Vec<Edit>,
    text: Vec<u8>,
}

#[derive(Debug)]
struct Edit {
    cut: Range<usize>,
    text: Range<usize>,
}

impl Edits {
    /// Puts `pieces`, one behind the other, in front of the byte at `at`.
    pub fn insert(&mut self, at: usize, pieces: &[&[u8]]) {
        self.replace(at..at, pieces);
    }

    /// Puts `pieces` in the place of the bytes `cut`.
    pub fn replace(&mut self, cut: Range<usize>, pieces: &[&[u8]]) {
        self.write(cut, |text| pieces.iter().for_each(|piece| text.extend_from_slice(piece)));
    }

    /// Puts what `write` appends in the place of the bytes `cut`. Edits out of order, or into one another, are a fault of the
    /// caller's and are left out.
    pub fn write(&mut self, cut: Range<usize>, write: impl FnOnce(&mut Vec<u8>)) {
        if self.places.last().is_some_and(|last| last.cut.end > cut.start) || cut.start > cut.end {
            debug_assert!(false, "edits overlap");
            return;
        }
        let from = self.text.len();
        write(&mut self.text);
        if cut.is_empty() && self.text.len() == from {
            return;
        }
        self.places.push(Edit { cut, text: from..self.text.len() });
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.places.clear();
        self.text.clear();
    }

    /// Writes `bytes` with the edits made behind what is in `out`. An edit beyond the end of `bytes` is not made.
    pub fn apply(&self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut done = 0;
        for Edit { cut, text } in &self.places {
            if cut.end > bytes.len() {
                break;
            }
            out.extend_from_slice(&bytes[done..cut.start]);
            out.extend_from_slice(&self.text[text.clone()]);
            done = cut.end;
        }
        out.extend_from_slice(&bytes[done..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_made_in_their_places() {
        let (mut edits, mut out) = (Edits::default(), Vec::new());
        edits.insert(1, &[b"x", b"y"]);
        edits.replace(2..4, &[b"--"]);
        edits.insert(6, &[b"!"]);
        edits.apply(b"abcdef", &mut out);
        assert_eq!(out, b"axyb--ef!");
        edits.clear();
        assert!(edits.is_empty());
    }
}
