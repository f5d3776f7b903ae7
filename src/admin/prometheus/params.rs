//! Parameters as Prometheus reads them: from the query string, and from a form.

use super::answer::Failure;
use crate::base::duration::parse_duration;
use crate::promql::Query;
use crate::promql::series::Matcher;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{Method, header};
use chrono::DateTime;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// All parameters of a request, in order; a name may come more than once.
pub(super) struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let mut all = parse(request.uri().query().unwrap_or_default().as_bytes());
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if request.method() == Method::POST && kind.starts_with("application/x-www-form-urlencoded") {
            let form = Bytes::from_request(request, state).await;
            let form = form.map_err(|_| Failure::bad("the form cannot be read, or is too large"))?;
            all.extend(parse(&form));
        }
        Ok(Self(all))
    }
}

fn parse(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}

impl Params {
    /// The first value of `name` that is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| &**value)
    }

    /// The value of `name`, which must be there.
    pub(super) fn need(&self, name: &str) -> Result<&str, Failure> {
        self.get(name).ok_or_else(|| Failure::bad(format!("invalid parameter {name:?}: it is missing")))
    }

    /// An instant, in Unix milliseconds.
    pub(super) fn time(&self, name: &str, default: i64) -> Result<i64, Failure> {
        let Some(text) = self.get(name) else { return Ok(default) };
        instant(text).ok_or_else(|| {
            Failure::bad(format!("invalid parameter {name:?}: cannot parse {text:?} to a valid timestamp"))
        })
    }

    /// A duration, in milliseconds: seconds as a number, or as PromQL writes durations.
    pub(super) fn duration(&self, name: &str) -> Result<Option<i64>, Failure> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let seconds =
            text.parse::<f64>().ok().filter(|seconds| seconds.abs() < 1e15).map(|seconds| (seconds * 1e3) as i64);
        let duration = seconds.or_else(|| parse_duration(text));
        duration.map(Some).ok_or_else(|| {
            Failure::bad(format!("invalid parameter {name:?}: cannot parse {text:?} to a valid duration"))
        })
    }

    /// How many results are wanted at most; 0 is no limit.
    pub(super) fn limit(&self) -> Result<usize, Failure> {
        let Some(text) = self.get("limit") else { return Ok(usize::MAX) };
        match text.parse() {
            Ok(0) => Ok(usize::MAX),
            Ok(limit) => Ok(limit),
            Err(_) => Err(Failure::bad("invalid parameter \"limit\": limit must be a non-negative number")),
        }
    }

    /// Whether `value` is among those of `name`, or there is none of that name.
    pub(super) fn has_or_lacks(&self, name: &str, value: &str) -> bool {
        let mut given = self.0.iter().filter(|(known, _)| known == name).peekable();
        given.peek().is_none() || given.any(|(_, known)| known == value)
    }

    /// The selectors `match[]`.
    pub(super) fn selectors(&self) -> Result<Vec<Vec<Matcher>>, Failure> {
        let texts = self.0.iter().filter(|(name, _)| name == "match[]");
        texts
            .map(|(_, text)| {
                let query = Query::parse(text);
                let query = query.map_err(|error| Failure::bad(format!("invalid parameter \"match[]\": {error}")))?;
                let selector = query.selector().map(<[Matcher]>::to_vec);
                selector.ok_or_else(|| Failure::bad(format!("invalid parameter \"match[]\": {text:?} is no selector")))
            })
            .collect()
    }

    /// The window of `start` and `end`; all of time where they are not given.
    pub(super) fn window(&self) -> Result<(i64, i64), Failure> {
        let (start, end) = (self.time("start", i64::MIN)?, self.time("end", i64::MAX)?);
        if end < start {
            return Err(Failure::bad("invalid parameter \"end\": end timestamp must not be before start time"));
        }
        Ok((start, end))
    }
}

/// Unix seconds, or RFC 3339.
fn instant(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<f64>() {
        return (seconds.abs() < 1e15).then(|| (seconds * 1e3).round() as i64);
    }
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_millis())
}

/// Now, in Unix milliseconds.
pub(super) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since: Duration| since.as_millis() as i64)
}

#[cfg(test)]
mod tests {
    use super::instant;

    #[test]
    fn instants_are_unix_seconds_or_rfc3339() {
        assert_eq!(instant("1435781451.781"), Some(1_435_781_451_781));
        assert_eq!(instant("2015-07-01T20:10:51.781Z"), Some(1_435_781_451_781));
        assert_eq!((instant("yesterday"), instant("NaN"), instant("1e300")), (None, None, None));
    }
}
