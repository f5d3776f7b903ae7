//! Bytes for people to read in a failure.

/// All of it, with what is not plain escaped and long ones cut in the middle.
pub fn readable(bytes: &[u8]) -> String {
    const SHOWN: usize = 600;
    if bytes.len() <= SHOWN {
        return format!("{} bytes \"{}\"", bytes.len(), bytes.escape_ascii());
    }
    let (start, end) = (&bytes[..SHOWN / 2], &bytes[bytes.len() - SHOWN / 2..]);
    format!("{} bytes \"{}\" … \"{}\"", bytes.len(), start.escape_ascii(), end.escape_ascii())
}

/// Where two byte strings part, and what each has there.
pub fn difference(expected: &[u8], got: &[u8]) -> String {
    let same = expected.iter().zip(got).take_while(|(a, b)| a == b).count();
    let from = same.saturating_sub(20);
    let (expected, got) = (readable(&expected[from..]), readable(&got[from..]));
    format!("they part at byte {same}; from byte {from} on\n  expected {expected}\n  got      {got}")
}
