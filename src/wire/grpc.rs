//! Messages of gRPC over HTTP/2: a flag and a length in front of each. Read by a bystander, one direction of a call; payloads
//! are skipped.

/// Flag and length.
const PREFIX: u8 = 5;

/// Reads one direction of a call.
#[derive(Debug, Default)]
pub struct Scanner {
    length: [u8; 4],
    prefix_len: u8,
    left: u32,
}

impl Scanner {
    /// How many messages end in `bytes`.
    pub fn scan(&mut self, mut bytes: &[u8]) -> u64 {
        let mut ended = 0;
        while let Some((&first, rest)) = bytes.split_first() {
            if self.prefix_len < PREFIX {
                if let Some(at) = self.prefix_len.checked_sub(1) {
                    self.length[usize::from(at)] = first;
                }
                self.prefix_len += 1;
                bytes = rest;
                if self.prefix_len < PREFIX {
                    continue;
                }
                self.left = u32::from_be_bytes(self.length);
            } else {
                let taken = bytes.len().min(self.left as usize);
                bytes = &bytes[taken..];
                self.left -= taken as u32;
            }
            if self.left == 0 {
                self.prefix_len = 0;
                ended += 1;
            }
        }
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_at_their_end_in_any_split() {
        let bytes = [&[0, 0, 0, 0, 3, 1, 2, 3][..], &[1, 0, 0, 0, 0], &[0, 0, 0, 1, 0], &[7; 256], &[0, 0, 0, 0, 9, 1]];
        let bytes = bytes.concat();
        for step in 1..=bytes.len() {
            let mut scanner = Scanner::default();
            assert_eq!(bytes.chunks(step).map(|chunk| scanner.scan(chunk)).sum::<u64>(), 3, "{step}");
        }
    }
}
