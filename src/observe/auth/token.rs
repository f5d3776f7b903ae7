//! What a token tells by itself. Nothing here checks a signature, and nothing here says that a token is good.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Bytes of a token that is looked into.
const MAX_TOKEN: usize = 16 * 1024;

/// Padding has no place in a JWT (RFC 7515), and some write it all the same.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A token, by what can be seen of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// It tells nothing: a key, an encrypted token, a signature.
    Opaque,
    /// It is a signed JSON Web Token (RFC 7519).
    Jwt {
        /// When it claims to expire, in seconds since 1970.
        expires: Option<u64>,
    },
    /// It is empty, or begins as a JSON Web Token and is none.
    Malformed,
}

#[derive(Deserialize)]
struct Header {
    #[serde(rename = "alg")]
    _algorithm: IgnoredAny,
}

#[derive(Deserialize)]
struct Claims {
    exp: Option<f64>,
}

impl Token {
    /// Looks into a token.
    pub fn read(token: &[u8]) -> Self {
        if token.len() > MAX_TOKEN {
            return Self::Opaque;
        }
        let parts: Vec<&[u8]> = token.splitn(6, |byte| *byte == b'.').collect();
        match &parts[..] {
            [b""] => Self::Malformed,
            // Every JSON object that is not empty begins so.
            [header, rest @ ..] if header.starts_with(b"eyJ") => match rest {
                [payload, _signature] => Self::signed(header, payload).unwrap_or(Self::Malformed),
                // Encrypted (RFC 7516), or a session that some framework wrote in the same way.
                [_, _, _, _] | [] => Self::Opaque,
                _ => Self::Malformed,
            },
            _ => Self::Opaque,
        }
    }

    fn signed(header: &[u8], payload: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Header>(&BASE64.decode(header).ok()?).ok()?;
        let claims: Claims = serde_json::from_slice(&BASE64.decode(payload).ok()?).ok()?;
        // A number of seconds, fractions allowed; what no clock reaches counts as never.
        Some(Self::Jwt { expires: claims.exp.map(|at| at.max(0.0) as u64) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn jwt(header: &str, claims: &str) -> String {
        let encode = |text| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2ln", encode(header), encode(claims))
    }

    #[test]
    fn the_expiry_of_a_jwt_is_read() {
        for (claims, expires) in [
            (r#"{"sub":"1","exp":1700000000}"#, Some(1_700_000_000)),
            (r#"{"exp":1700000000.9}"#, Some(1_700_000_000)),
            (r#"{"exp":-5}"#, Some(0)),
            (r#"{"exp":1e300}"#, Some(u64::MAX)),
            (r#"{"sub":"1"}"#, None),
            (r#"{"exp":null}"#, None),
        ] {
            assert_eq!(Token::read(jwt(r#"{"alg":"RS256"}"#, claims).as_bytes()), Token::Jwt { expires }, "{claims}");
        }
        // From RFC 7519, 3.1.
        let rfc = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtc\
                   GxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(Token::read(rfc.as_bytes()), Token::Jwt { expires: Some(1_300_819_380) });
    }

    #[test]
    fn what_begins_as_a_jwt_and_is_none_is_malformed() {
        let whole = jwt(r#"{"alg":"none"}"#, r#"{"exp":1}"#);
        for token in [
            "",
            &whole[..whole.len() - 6],
            "eyJhbGciOiJIUzI1NiJ9.e30",
            "eyJhbGciOiJIUzI1NiJ9.!!.c2ln",
            &jwt(r#"{"typ":"JWT"}"#, "{}"),
            &jwt(r#"{"alg":"HS256"}"#, r#"{"exp":"soon"}"#),
        ] {
            assert_eq!(Token::read(token.as_bytes()), Token::Malformed, "{token}");
        }
    }

    #[test]
    fn other_tokens_tell_nothing() {
        let encrypted = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.a.b.c.d";
        let long = "eyJ".repeat(10_000);
        for token in ["abc", "v2.local.abc", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "a.b.c", encrypted, &long] {
            assert_eq!(Token::read(token.as_bytes()), Token::Opaque, "{token}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_some_token(token in proptest::collection::vec(any::<u8>(), 0..200), jwt in any::<bool>()) {
            let begun = [if jwt { &b"eyJ"[..] } else { b"" }, &token].concat();
            let _ = Token::read(&begun);
        }
    }
}
