//! Why a response rejects: `WWW-Authenticate` (RFC 9110 §11.6.1) with the errors of RFC 6750 §3.

/// What a challenge says about the credentials of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Reason {
    /// Nothing.
    #[default]
    None,
    /// They are good, but not for this.
    InsufficientScope,
    /// They are not accepted.
    InvalidToken,
    /// They could not be read.
    InvalidRequest,
    /// They have expired.
    Expired,
}

impl Reason {
    /// The reason in a value of `WWW-Authenticate`, which may hold several challenges: the most telling of them. The field may
    /// come more than once; the greater reason is the one to keep.
    pub fn of(value: &[u8]) -> Self {
        let value = String::from_utf8_lossy(&value[..value.len().min(4096)]).to_ascii_lowercase();
        parameters(&value).map(|(name, value)| Self::told(name, value)).max().unwrap_or_default()
    }

    fn told(name: &str, value: &str) -> Self {
        match (name, value) {
            ("error" | "error_description" | "x-ms-error" | "reason", text) if text.contains("expire") => Self::Expired,
            // Digest: the nonce was used too long; the credentials behind it are good (RFC 7616 §3.3).
            ("stale", "true") => Self::Expired,
            ("error", "invalid_request") => Self::InvalidRequest,
            ("error", "insufficient_scope") => Self::InsufficientScope,
            ("error", _) => Self::InvalidToken,
            _ => Self::None,
        }
    }
}

/// The parameters of all challenges of a value, in lower case: `bearer realm="a", error="b", basic realm="c"`.
fn parameters(value: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = value;
    std::iter::from_fn(move || {
        let (before, after) = rest.split_once('=')?;
        // A scheme may stand before the name of its first parameter.
        let name = before.rsplit([' ', ',', '\t']).find(|word| !word.is_empty()).unwrap_or_default();
        let after = after.trim_start();
        let value = match after.strip_prefix('"') {
            Some(quoted) => {
                let end = end_of_quoted(quoted);
                rest = quoted.get(end + 1..).unwrap_or_default();
                &quoted[..end]
            }
            None => {
                let end = after.find([',', ' ']).unwrap_or(after.len());
                rest = &after[end..];
                &after[..end]
            }
        };
        Some((name, value))
    })
}

/// Where a quoted string ends; a quote behind a backslash does not end it.
fn end_of_quoted(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_reason_of_a_challenge_is_read() {
        for (value, expected) in [
            ("Bearer", Reason::None),
            ("", Reason::None),
            (r#"Bearer realm="api""#, Reason::None),
            (r#"Basic realm="error=\"invalid_token\"""#, Reason::None),
            (r#"Bearer error="invalid_token""#, Reason::InvalidToken),
            (r#"Bearer error=invalid_token"#, Reason::InvalidToken),
            (
                r#"Bearer realm="a", error="invalid_token", error_description="The access token expired""#,
                Reason::Expired,
            ),
            (r#"Bearer error="invalid_token", error_description="The token has Expired, log in""#, Reason::Expired),
            (r#"Bearer error="token_expired""#, Reason::Expired),
            (r#"BEARER ERROR="INVALID_REQUEST""#, Reason::InvalidRequest),
            (r#"Bearer scope="a b", error="insufficient_scope""#, Reason::InsufficientScope),
            (r#"Basic realm="a", Bearer realm="b", error = "invalid_token""#, Reason::InvalidToken),
            (r#"Negotiate YII==, Bearer error="invalid_token""#, Reason::InvalidToken),
            (r#"Digest realm="a", nonce="b", stale=true"#, Reason::Expired),
            (r#"Digest realm="a", nonce="b", stale=false"#, Reason::None),
            (r#"Bearer error="unheard_of""#, Reason::InvalidToken),
            (r#"Bearer error="invalid_token"#, Reason::InvalidToken),
        ] {
            assert_eq!(Reason::of(value.as_bytes()), expected, "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_value_has_a_reason(value in "[a-z=\", \\\\é]{0,60}", bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = (Reason::of(value.as_bytes()), Reason::of(&bytes));
        }
    }
}
