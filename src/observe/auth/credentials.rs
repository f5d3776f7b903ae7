//! How a request says who it is.

use super::token::Token;

/// A way to authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// A name and a password, in a header (RFC 7617).
    Basic,
    /// A token (RFC 6750).
    Bearer,
    /// A hash over a challenge (RFC 7616).
    Digest,
    /// Kerberos or NTLM (RFC 4559).
    Negotiate,
    /// A key of an API, in whatever header it has for that.
    ApiKey,
    /// A signature over the request (AWS, RFC 9421).
    Signature,
    /// The cookie of a session.
    Session,
    /// A name and a password, in the body of a login.
    Password,
    /// Any other scheme of `Authorization`.
    Other,
}

/// Headers that hold the key of an API, lower case.
const KEYS: [&str; 8] = [
    "x-api-key",
    "api-key",
    "apikey",
    "x-apikey",
    "x-auth-token",
    "x-access-token",
    "x-goog-api-key",
    "ocp-apim-subscription-key",
];

impl Method {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Basic,
        Self::Bearer,
        Self::Digest,
        Self::Negotiate,
        Self::ApiKey,
        Self::Signature,
        Self::Session,
        Self::Password,
        Self::Other,
    ];

    /// As the label `method` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Bearer => "bearer",
            Self::Digest => "digest",
            Self::Negotiate => "negotiate",
            Self::ApiKey => "api_key",
            Self::Signature => "signature",
            Self::Session => "session",
            Self::Password => "password",
            Self::Other => "other",
        }
    }

    /// Whether a header of this name may be credentials: the question that is cheap to ask.
    pub fn may_be_in(name: &str) -> bool {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        is("authorization") || is("cookie") || is("signature-input") || KEYS.iter().any(|key| is(key))
    }

    /// What a header of a request is, as credentials, and the token in it.
    pub fn of(name: &[u8], value: &[u8]) -> Option<(Self, Token)> {
        if name.eq_ignore_ascii_case(b"authorization") {
            return authorization(value);
        }
        if KEYS.iter().any(|key| name.eq_ignore_ascii_case(key.as_bytes())) {
            return (!value.trim_ascii().is_empty()).then_some((Self::ApiKey, Token::Opaque));
        }
        if name.eq_ignore_ascii_case(b"signature-input") {
            return Some((Self::Signature, Token::Opaque));
        }
        let session = name.eq_ignore_ascii_case(b"cookie") && value.split(|byte| *byte == b';').any(is_session);
        session.then_some((Self::Session, Token::Opaque))
    }

    /// Of two headers of one request, the one that is meant: what is said for this request, then what a browser always sends.
    #[must_use]
    pub fn or(one: Option<(Self, Token)>, two: Option<(Self, Token)>) -> Option<(Self, Token)> {
        match (one, two) {
            (Some((Self::Session, _)), Some(other)) => Some(other),
            (Some(one), _) => Some(one),
            (None, two) => two,
        }
    }
}

fn authorization(value: &[u8]) -> Option<(Method, Token)> {
    let value = value.trim_ascii();
    let end = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
    let (scheme, rest) = (value[..end].to_ascii_lowercase(), value[end..].trim_ascii());
    let whole = |token| if rest.is_empty() { Token::Malformed } else { token };
    Some(match scheme.as_slice() {
        b"" => return None,
        b"bearer" | b"dpop" => (Method::Bearer, whole(Token::read(rest))),
        b"basic" => (Method::Basic, whole(Token::Opaque)),
        b"digest" => (Method::Digest, whole(Token::Opaque)),
        b"negotiate" | b"ntlm" => (Method::Negotiate, whole(Token::Opaque)),
        b"apikey" | b"api-key" | b"key" | b"token" => (Method::ApiKey, whole(Token::Opaque)),
        scheme if scheme.starts_with(b"aws4-hmac") || scheme == b"signature" || scheme == b"hmac" => {
            (Method::Signature, whole(Token::Opaque))
        }
        // Nothing but a token, as many clients of home-grown APIs send it.
        _ if rest.is_empty() => match Token::read(value) {
            token @ Token::Jwt { .. } => (Method::Bearer, token),
            token => (Method::Other, token),
        },
        _ => (Method::Other, Token::Opaque),
    })
}

/// Whether a cookie is by its name that of a session.
fn is_session(cookie: &[u8]) -> bool {
    let name = cookie.split(|byte| *byte == b'=').next().unwrap_or(cookie).trim_ascii().to_ascii_lowercase();
    let has = |part: &[u8]| name.windows(part.len()).any(|at| at == part);
    // A token against forged requests is given to everybody.
    !has(b"csrf")
        && !has(b"xsrf")
        && (has(b"session") || has(b"sess") || has(b"auth") || has(b"token") || has(b"jwt") || name.ends_with(b"sid"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_known_as_what_it_is() {
        let opaque = |method| Some((method, Token::Opaque));
        for (name, value, expected) in [
            ("Authorization", "Basic YTpi", opaque(Method::Basic)),
            ("authorization", "bearer abc", opaque(Method::Bearer)),
            ("Authorization", "Bearer", Some((Method::Bearer, Token::Malformed))),
            ("Authorization", "Digest username=\"a\"", opaque(Method::Digest)),
            ("Authorization", "Negotiate YII=", opaque(Method::Negotiate)),
            ("Authorization", "ApiKey abc", opaque(Method::ApiKey)),
            ("Authorization", "AWS4-HMAC-SHA256 Credential=a", opaque(Method::Signature)),
            ("Authorization", "Hawk id=\"a\"", opaque(Method::Other)),
            ("Authorization", "abc", opaque(Method::Other)),
            ("Authorization", "", None),
            ("X-API-Key", "abc", opaque(Method::ApiKey)),
            ("X-API-Key", " ", None),
            ("Cookie", "theme=dark; sessionid=1", opaque(Method::Session)),
            ("Cookie", "connect.sid=1", opaque(Method::Session)),
            ("Cookie", "csrftoken=1; theme=dark", None),
            ("Accept", "Bearer abc", None),
        ] {
            assert_eq!(Method::of(name.as_bytes(), value.as_bytes()), expected, "{name}: {value}");
        }
    }

    #[test]
    fn a_session_gives_way_to_what_is_said_for_the_request() {
        let (session, bearer) = (Some((Method::Session, Token::Opaque)), Some((Method::Bearer, Token::Opaque)));
        assert_eq!(Method::or(session, bearer), bearer);
        assert_eq!(Method::or(bearer, session), bearer);
        assert_eq!(Method::or(None, session), session);
    }
}
