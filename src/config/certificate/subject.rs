//! Whose a certificate is: the common name in its subject (RFC 5280 §4.1.2.6), for logs that say who did something.

use super::der::{SEQUENCE, element, to_be_signed};

const SET: u8 = 0x31;
/// 2.5.4.3, `id-at-commonName`.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// The first common name of a certificate in DER, if it has one that can be printed.
pub fn common_name(certificate: &[u8]) -> Option<String> {
    // Behind the version: serial, signature, issuer, validity, subject.
    let before = (0..4).try_fold(to_be_signed(certificate)?, |rest, _| Some(element(rest, None)?.2))?;
    let (_, mut names, _) = element(before, Some(SEQUENCE))?;
    while !names.is_empty() {
        let (_, set, behind) = element(names, Some(SET))?;
        let (_, pair, _) = element(set, Some(SEQUENCE))?;
        let (_, kind, value) = element(pair, None)?;
        if kind == COMMON_NAME {
            let name = String::from_utf8(element(value, None)?.1.to_vec()).ok()?;
            return (!name.is_empty() && !name.chars().any(char::is_control)).then_some(name);
        }
        names = behind;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_name_is_found_behind_other_names() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::OrganizationName, "Platform");
        let nameless = params.self_signed(&key).unwrap();
        assert_eq!(common_name(nameless.der()), None);
        params.distinguished_name.push(rcgen::DnType::CommonName, "oncall");
        let named = params.self_signed(&key).unwrap();
        assert_eq!(common_name(named.der()).as_deref(), Some("oncall"));
        for len in 0..100 {
            assert_eq!(common_name(&named.der()[..len]), None);
        }
    }
}
