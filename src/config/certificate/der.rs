//! The few steps of DER (X.690) that lead to a certificate's fields.

pub(super) const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// The fields of a certificate from its serial number on; `None` if it is none.
pub(super) fn to_be_signed(certificate: &[u8]) -> Option<&[u8]> {
    let (_, certificate, _) = element(certificate, Some(SEQUENCE))?;
    let (_, to_be_signed, _) = element(certificate, Some(SEQUENCE))?;
    let (tag, _, behind_first) = element(to_be_signed, None)?;
    Some(if tag == VERSION { behind_first } else { to_be_signed })
}

/// Tag and content of the first element, and what is behind it.
pub(super) fn element(der: &[u8], expected: Option<u8>) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], mut rest) = der.split_first_chunk()?;
    let len = match first {
        0..=0x7f => usize::from(first),
        0x81..=0x84 => {
            let (digits, behind) = rest.split_at_checked(usize::from(first & 0x7f))?;
            rest = behind;
            digits.iter().fold(0, |len, digit| len << 8 | usize::from(*digit))
        }
        _ => return None,
    };
    let (content, behind) = rest.split_at_checked(len)?;
    expected.is_none_or(|expected| expected == tag).then_some((tag, content, behind))
}
