//! Ids as hexadecimal text.

/// `N` bytes from exactly `2 * N` digits of lower case, as W3C wants them.
pub(super) fn exact<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    text.iter().all(|byte| !byte.is_ascii_uppercase()).then(|| lenient(text)).flatten().filter(|_| text.len() == 2 * N)
}

/// `N` bytes from 1 to `2 * N` digits of either case; zeros in front may be missing.
pub(super) fn lenient<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.is_empty() || text.len() > 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (at, &digit) in text.iter().rev().enumerate() {
        bytes[N - 1 - at / 2] |= value(digit)? << (4 * (at % 2));
    }
    Some(bytes)
}

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Writes `bytes`, four at a time, as digits of lower case into `text`, which is twice as long.
pub(crate) fn write(bytes: &[u8], text: &mut [u8]) {
    let (fours, texts) = (bytes.as_chunks::<4>().0, text.as_chunks_mut::<8>().0);
    fours.iter().zip(texts).for_each(|(four, text)| *text = digits(*four));
}

/// The digits of four bytes, all at once: each half of a byte gets a byte of its own, and becomes a digit there.
fn digits(bytes: [u8; 4]) -> [u8; 8] {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let halves = u64::from(u32::from_be_bytes(bytes));
    let halves = (halves << 16 | halves) & 0x0000_ffff_0000_ffff;
    let halves = (halves << 8 | halves) & 0x00ff_00ff_00ff_00ff;
    let halves = (halves << 4 | halves) & (0x0f * EACH);
    // Six more than nine is the first that carries.
    let letters = (halves + 6 * EACH) >> 4 & EACH;
    (halves + u64::from(b'0') * EACH + u64::from(b'a' - b'0' - 10) * letters).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_its_two_digits() {
        for byte in 0..=255 {
            let mut text = [0; 16];
            write(&[byte, 0x1f, !byte, 0xa9, 0, byte, 0xff, byte], &mut text);
            let expected = format!("{byte:02x}1f{:02x}a900{byte:02x}ff{byte:02x}", !byte);
            assert_eq!(std::str::from_utf8(&text), Ok(expected.as_str()));
        }
    }
}
