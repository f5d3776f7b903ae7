//! Rate limits, as responses tell them.
//!
//! Understood are the drafts of the IETF's httpapi working group (`RateLimit-Limit`, `-Remaining`, `-Reset` up to -06;
//! `RateLimit: limit=…, remaining=…, reset=…` of -07; `RateLimit: "policy";r=…;t=…` since) and what is in use beside them:
//! `X-RateLimit-Limit` and the like, with a window or unit after it (`-Minute`, `-Requests`) or not. Which families of
//! headers count is the configuration's to say.
//!
//! - `quota`: the numbers of one response

mod quota;

pub use quota::Quota;

/// What became of a request that a limit was applied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was let through.
    Allowed,
    /// It was rejected as one too many.
    Limited,
}

impl Verdict {
    /// As the label `result` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Limited => "limited",
        }
    }

    /// The verdict of a response, or `None` where no limit shows: 429, or 403 and 503 with nothing remaining, is a rejection;
    /// whatever else tells a limit was let through.
    pub fn of(status: u16, quota: &Quota) -> Option<Self> {
        match status {
            429 => Some(Self::Limited),
            403 | 503 if quota.remaining == Some(0) => Some(Self::Limited),
            _ => quota.is_told().then_some(Self::Allowed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_needs_a_limit_to_show() {
        let (silent, some, none) = (
            Quota::default(),
            Quota { remaining: Some(3), ..Quota::default() },
            Quota { remaining: Some(0), ..Quota::default() },
        );
        for (status, quota, verdict) in [
            (200, &silent, None),
            (404, &silent, None),
            (429, &silent, Some(Verdict::Limited)),
            (200, &some, Some(Verdict::Allowed)),
            (500, &some, Some(Verdict::Allowed)),
            (200, &none, Some(Verdict::Allowed)),
            (403, &none, Some(Verdict::Limited)),
            (403, &some, Some(Verdict::Allowed)),
            (503, &none, Some(Verdict::Limited)),
            (429, &some, Some(Verdict::Limited)),
        ] {
            assert_eq!(Verdict::of(status, quota), verdict, "{status} {quota:?}");
        }
    }
}
