//! From when to when a certificate holds (RFC 5280 §4.1.2.5). rustls checks a peer's, and tells nobody when its own ends.

use super::der::{SEQUENCE, element, to_be_signed};

/// Seconds since 1970, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) from: i64,
    pub(super) until: i64,
}

const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Of a certificate in DER; `None` if it is none.
pub(super) fn of(certificate: &[u8]) -> Option<Validity> {
    let (_, _, signature) = element(to_be_signed(certificate)?, None)?;
    let (_, _, issuer) = element(signature, None)?;
    let (_, _, validity) = element(issuer, None)?;
    let (_, validity, _) = element(validity, Some(SEQUENCE))?;
    let (from_tag, from, rest) = element(validity, None)?;
    let (until_tag, until, _) = element(rest, None)?;
    Some(Validity { from: time(from_tag, from)?, until: time(until_tag, until)? })
}

fn time(tag: u8, text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let full = match tag {
        // RFC 5280 §4.1.2.5.1: from 50 on it is the last century.
        UTC_TIME => format!("{}{text}", if text.get(..2)? < "50" { "20" } else { "19" }),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    chrono::NaiveDateTime::parse_from_str(&full, "%Y%m%d%H%M%SZ").ok().map(|time| time.and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_tells_from_when_to_when() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(["a.example".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2024, 2, 29);
        for (year, until) in [(2030, 1_893_456_000), (2051, 2_556_144_000)] {
            params.not_after = rcgen::date_time_ymd(year, 1, 1);
            let certificate = params.self_signed(&key).unwrap();
            let expected = Validity { from: 1_709_164_800, until };
            assert_eq!(of(certificate.der()), Some(expected));
            for len in 0..100 {
                assert_eq!(of(&certificate.der()[..len]), None);
            }
        }
        assert_eq!(of(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
