//! Finds the end of a head in bytes that come in pieces, looking at each byte once.

/// Remembers how much of an empty line the bytes so far end with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlankLine {
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    InLine,
    LineFeed,
    CarriageReturn,
}

impl BlankLine {
    /// The offset just behind the first empty line (`LF LF` or `LF CR LF`) that ends in `bytes`, if there is one.
    pub fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, &byte) in bytes.iter().enumerate() {
            self.state = match (self.state, byte) {
                (State::LineFeed | State::CarriageReturn, b'\n') => {
                    self.state = State::InLine;
                    return Some(at + 1);
                }
                (State::InLine, b'\n') => State::LineFeed,
                (State::LineFeed, b'\r') => State::CarriageReturn,
                _ => State::InLine,
            };
        }
        None
    }

    /// Whether the bytes so far end with a line feed, so that a `CR` next would begin the empty line.
    pub fn at_line_start(&self) -> bool {
        self.state == State::LineFeed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_line_is_found_in_any_split() {
        let text = b"GET / HTTP/1.1\r\na: b\r\n\r\nrest";
        for split in 0..text.len() {
            let mut blank = BlankLine::default();
            let (one, two) = text.split_at(split);
            let found = blank.find(one).or_else(|| blank.find(two).map(|end| split + end));
            assert_eq!(found, Some(24), "split at {split}");
        }
        assert_eq!(BlankLine::default().find(b"a\n\nb"), Some(3));
        assert_eq!(BlankLine::default().find(b"a\r\n\r"), None);
    }
}
