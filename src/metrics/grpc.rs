//! The families of gRPC calls. `service` and `method` are bounded: what no answer has shown to exist, and what comes when
//! there are [`METHODS`] already, is `other`.

use super::family::Family;
use super::registry::Registry;
use super::websocket::Direction;
use parking_lot::Mutex;
use prometheus::IntCounter;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// How many methods have names.
const METHODS: usize = 300;
/// The longest path of a call that gets a name, bytes.
const PATH_LIMIT: usize = 200;
/// What stands for every other service and method.
const OTHER: &str = "other";

/// All of them. Cloning gives another handle to the same.
#[derive(Clone)]
pub struct GrpcMetrics {
    requests: Family<IntCounter>,
    messages: Family<IntCounter>,
    methods: Arc<Mutex<HashMap<Box<str>, Arc<MethodHandles>>>>,
    other: Arc<OnceLock<Arc<MethodHandles>>>,
}

/// Handles of one method.
pub struct MethodHandles {
    requests: Family<IntCounter>,
    messages: Family<IntCounter>,
    service: Box<str>,
    method: Box<str>,
    by_code: [OnceLock<IntCounter>; Code::COUNT],
    by_direction: [OnceLock<IntCounter>; 2],
}

impl GrpcMetrics {
    /// Registers the families.
    pub fn register(registry: &Registry) -> Self {
        Self {
            requests: Family::register(
                registry,
                "grpc_requests_total",
                "gRPC calls by the status that a client sees.",
                &["service", "method", "code"],
            ),
            messages: Family::register(
                registry,
                "grpc_messages_total",
                "Messages of gRPC calls, however many frames they came in.",
                &["service", "method", "direction"],
            ),
            methods: Arc::default(),
            other: Arc::default(),
        }
    }

    /// The handles of the method at `path`, `/service/method`, if it has any.
    pub fn find(&self, path: &str) -> Option<Arc<MethodHandles>> {
        self.methods.lock().get(path).cloned()
    }

    /// The handles of a method that an answer has shown to exist.
    pub fn admit(&self, path: &str) -> Arc<MethodHandles> {
        let Some((service, method)) = names(path) else { return self.other() };
        let mut methods = self.methods.lock();
        if let Some(handles) = methods.get(path) {
            return handles.clone();
        }
        if methods.len() >= METHODS {
            return self.other();
        }
        let handles = Arc::new(self.handles(service, method));
        methods.insert(path.into(), handles.clone());
        handles
    }

    /// The handles of every other method.
    pub fn other(&self) -> Arc<MethodHandles> {
        self.other.get_or_init(|| Arc::new(self.handles(OTHER, OTHER))).clone()
    }

    fn handles(&self, service: &str, method: &str) -> MethodHandles {
        MethodHandles {
            requests: self.requests.clone(),
            messages: self.messages.clone(),
            service: service.into(),
            method: method.into(),
            by_code: Default::default(),
            by_direction: Default::default(),
        }
    }
}

/// Service and method of `/service/method`, where both could be names of protobuf.
fn names(path: &str) -> Option<(&str, &str)> {
    let (service, method) = path.strip_prefix('/')?.split_once('/')?;
    let is_name = |name: &str, also: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || also.contains(c))
    };
    (path.len() <= PATH_LIMIT && is_name(service, ".-") && is_name(method, "")).then_some((service, method))
}

impl MethodHandles {
    /// Calls that ended with `code`.
    pub fn requests(&self, code: Code) -> &IntCounter {
        let labels = || self.requests.with(&[&self.service, &self.method, code.as_str()]);
        self.by_code[code as usize].get_or_init(labels)
    }

    /// Messages that went in `direction`.
    pub fn messages(&self, direction: Direction) -> &IntCounter {
        let name = match direction {
            Direction::Inbound => "inbound",
            Direction::Outbound => "outbound",
        };
        let labels = || self.messages.with(&[&self.service, &self.method, name]);
        self.by_direction[direction as usize].get_or_init(labels)
    }
}

/// The status of a call (`google.rpc.Code`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Code {
    Ok,
    Cancelled,
    Unknown,
    InvalidArgument,
    DeadlineExceeded,
    NotFound,
    AlreadyExists,
    PermissionDenied,
    ResourceExhausted,
    FailedPrecondition,
    Aborted,
    OutOfRange,
    Unimplemented,
    Internal,
    Unavailable,
    DataLoss,
    Unauthenticated,
}

impl Code {
    /// How many there are.
    pub const COUNT: usize = 17;

    const ALL: [(Self, &'static str); Self::COUNT] = [
        (Self::Ok, "OK"),
        (Self::Cancelled, "CANCELLED"),
        (Self::Unknown, "UNKNOWN"),
        (Self::InvalidArgument, "INVALID_ARGUMENT"),
        (Self::DeadlineExceeded, "DEADLINE_EXCEEDED"),
        (Self::NotFound, "NOT_FOUND"),
        (Self::AlreadyExists, "ALREADY_EXISTS"),
        (Self::PermissionDenied, "PERMISSION_DENIED"),
        (Self::ResourceExhausted, "RESOURCE_EXHAUSTED"),
        (Self::FailedPrecondition, "FAILED_PRECONDITION"),
        (Self::Aborted, "ABORTED"),
        (Self::OutOfRange, "OUT_OF_RANGE"),
        (Self::Unimplemented, "UNIMPLEMENTED"),
        (Self::Internal, "INTERNAL"),
        (Self::Unavailable, "UNAVAILABLE"),
        (Self::DataLoss, "DATA_LOSS"),
        (Self::Unauthenticated, "UNAUTHENTICATED"),
    ];

    /// As the field `grpc-status` has it; what is no code is `UNKNOWN`, as clients take it.
    pub fn parse(text: &[u8]) -> Self {
        let number = std::str::from_utf8(text).ok().and_then(|text| text.parse::<usize>().ok());
        number.and_then(|number| Self::ALL.get(number)).map_or(Self::Unknown, |(code, _)| *code)
    }

    /// What a client takes an answer without `grpc-status` for, by its HTTP status (gRPC, "HTTP to gRPC status code mapping").
    pub fn of_http(status: u16) -> Self {
        match status {
            400 => Self::Internal,
            401 => Self::Unauthenticated,
            403 => Self::PermissionDenied,
            404 => Self::Unimplemented,
            429 | 502..=504 => Self::Unavailable,
            _ => Self::Unknown,
        }
    }

    /// What a client takes a reset of the stream for, by its HTTP/2 code (gRPC over HTTP/2, "Errors").
    pub fn of_reset(code: u32) -> Self {
        match code {
            7 => Self::Unavailable,
            8 => Self::Cancelled,
            11 => Self::ResourceExhausted,
            12 => Self::PermissionDenied,
            _ => Self::Internal,
        }
    }

    fn as_str(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_clients_read_them() {
        assert_eq!([Code::parse(b"0"), Code::parse(b"16")], [Code::Ok, Code::Unauthenticated]);
        assert_eq!([Code::parse(b"17"), Code::parse(b"x"), Code::parse(b"")], [Code::Unknown; 3]);
        assert!(Code::ALL.iter().enumerate().all(|(at, (code, _))| *code as usize == at));
    }

    #[test]
    fn methods_have_names_until_there_are_too_many() {
        let metrics = GrpcMetrics::register(&Registry::new());
        assert!(metrics.find("/a.B/C").is_none());
        assert_eq!(&*metrics.admit("/a.B/C").service, "a.B");
        assert!(metrics.find("/a.B/C").is_some());
        for path in ["/a.B", "a.B/C", "/a.B/C/d", "/a b/C", "/a.B/C?d", "//C", &format!("/a/{}", "b".repeat(200))] {
            assert_eq!(&*metrics.admit(path).service, OTHER, "{path}");
        }
        (0..METHODS).for_each(|nth| drop(metrics.admit(&format!("/s/m{nth}"))));
        assert_eq!(&*metrics.admit("/s/late").method, OTHER);
        assert_eq!(metrics.methods.lock().len(), METHODS);
    }
}
