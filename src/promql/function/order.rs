//! Natural order of text: digits count as numbers, so that `node2` comes before `node10`.

use std::cmp::Ordering;

/// Compares as the `natsort` of Prometheus does; leading zeros do not count.
pub(in crate::promql) fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        let (Some(x), Some(y)) = (a.first(), b.first()) else {
            return a.len().cmp(&b.len());
        };
        if x.is_ascii_digit() && y.is_ascii_digit() {
            let (number_a, rest_a) = number(a);
            let (number_b, rest_b) = number(b);
            match number_a.len().cmp(&number_b.len()).then_with(|| number_a.cmp(number_b)) {
                Ordering::Equal => (a, b) = (rest_a, rest_b),
                unequal => return unequal,
            }
        } else if x == y {
            (a, b) = (&a[1..], &b[1..]);
        } else {
            return x.cmp(y);
        }
    }
}

/// The digits at the start without leading zeros, and what follows them.
fn number(text: &[u8]) -> (&[u8], &[u8]) {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let zeros = text[..digits].iter().take_while(|byte| **byte == b'0').count();
    text[zeros..].split_at(digits - zeros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_within_text_count() {
        let mut names = ["cpu10", "cpu2", "cpu1", "cpu", "4m500", "4m1000", "a01b", "a1a"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["4m500", "4m1000", "a1a", "a01b", "cpu", "cpu1", "cpu2", "cpu10"]);
    }
}
