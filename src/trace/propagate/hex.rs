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

/// The two digits of every byte.
static DIGITS: [[u8; 2]; 256] = {
    const DIGIT: &[u8; 16] = b"0123456789abcdef";
    let (mut all, mut byte) = ([[0; 2]; 256], 0);
    while byte < 256 {
        all[byte] = [DIGIT[byte >> 4], DIGIT[byte & 15]];
        byte += 1;
    }
    all
};

/// Writes `bytes` as digits of lower case into `text`, which is twice as long.
pub(crate) fn write(bytes: &[u8], text: &mut [u8]) {
    text.chunks_exact_mut(2).zip(bytes).for_each(|(digits, byte)| digits.copy_from_slice(&DIGITS[usize::from(*byte)]));
}
