//! Credentials and what becomes of them. No text of a credential is kept: what leaves this module is of which kind it was.
//!
//! - `credentials`: how a request says who it is
//! - `token`: what a token tells by itself
//! - `challenge`: why a response rejects

pub mod challenge;
pub mod credentials;
pub mod token;

use std::time::{SystemTime, UNIX_EPOCH};

pub use challenge::Reason;
pub use credentials::Method;
pub use token::Token;

/// What became of the credentials of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Validation {
    /// They were accepted.
    Valid,
    /// They were rejected.
    Invalid,
    /// They were rejected, and have expired.
    Expired,
    /// There were none, and some were needed.
    Missing,
    /// They were rejected, as they could not be read.
    Malformed,
}

impl Validation {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Valid, Self::Invalid, Self::Expired, Self::Missing, Self::Malformed];

    /// As the label `result` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Expired => "expired",
            Self::Missing => "missing",
            Self::Malformed => "malformed",
        }
    }

    /// What a response with `status` means for the credentials of its request, or `None` where it says nothing about them: a
    /// limit, a fault of the server or a faulty request can come before anybody looks at credentials.
    ///
    /// What a token claims about itself (its `exp`) is believed only when the server has rejected it: nobody checked its
    /// signature here.
    pub fn of(status: u16, method: Option<Method>, token: Token, reason: Reason, now: SystemTime) -> Option<Self> {
        match (status, method) {
            (401, None) => Some(Self::Missing),
            (_, None) => None,
            (401, Some(_)) => Some(match (reason, token) {
                (Reason::Expired, _) => Self::Expired,
                (Reason::InvalidRequest, _) | (_, Token::Malformed) => Self::Malformed,
                (_, Token::Jwt { expires: Some(at) }) if at <= unix(now) => Self::Expired,
                _ => Self::Invalid,
            }),
            // Gateways of API keys say "forbidden" where others say "unauthorized".
            (403, Some(Method::ApiKey)) => Some(Self::Invalid),
            (101 | 200..=399 | 403 | 409 | 412 | 422, Some(_)) => Some(Self::Valid),
            _ => None,
        }
    }
}

fn unix(now: SystemTime) -> u64 {
    now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_response_tells_what_became_of_the_credentials() {
        let now = UNIX_EPOCH + Duration::from_secs(1000);
        let (bearer, key) = (Some(Method::Bearer), Some(Method::ApiKey));
        let (old, fresh) = (Token::Jwt { expires: Some(1000) }, Token::Jwt { expires: Some(1001) });
        for (status, method, token, reason, expected) in [
            (200, bearer, old, Reason::None, Some(Validation::Valid)),
            (401, bearer, old, Reason::None, Some(Validation::Expired)),
            (401, bearer, old, Reason::InvalidToken, Some(Validation::Expired)),
            (401, bearer, fresh, Reason::None, Some(Validation::Invalid)),
            (401, bearer, fresh, Reason::Expired, Some(Validation::Expired)),
            (401, bearer, Token::Opaque, Reason::InvalidRequest, Some(Validation::Malformed)),
            (401, bearer, Token::Malformed, Reason::None, Some(Validation::Malformed)),
            (401, bearer, Token::Opaque, Reason::None, Some(Validation::Invalid)),
            (401, None, Token::Opaque, Reason::None, Some(Validation::Missing)),
            (403, bearer, fresh, Reason::InsufficientScope, Some(Validation::Valid)),
            (403, key, Token::Opaque, Reason::None, Some(Validation::Invalid)),
            (200, None, Token::Opaque, Reason::None, None),
            (403, None, Token::Opaque, Reason::None, None),
            (429, bearer, fresh, Reason::None, None),
            (502, bearer, fresh, Reason::None, None),
            (404, bearer, fresh, Reason::None, None),
        ] {
            assert_eq!(Validation::of(status, method, token, reason, now), expected, "{status} {method:?} {token:?}");
        }
    }
}
