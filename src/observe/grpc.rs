//! One gRPC call over HTTP/2: its method, its messages, and the status that the client sees.

use crate::event::Side;
use crate::metrics::GrpcMetrics;
use crate::metrics::grpc::{Code, MethodHandles};
use crate::metrics::websocket::Direction;
use crate::wire::grpc::Scanner;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

/// The methods that one worker has met, so that a call takes no lock.
pub struct Methods {
    metrics: GrpcMetrics,
    known: RefCell<HashMap<Box<str>, Arc<MethodHandles>>>,
}

impl Methods {
    /// Over `metrics`, which all workers share.
    pub fn new(metrics: GrpcMetrics) -> Self {
        Self { metrics, known: RefCell::default() }
    }

    fn find(&self, path: &str) -> Option<Arc<MethodHandles>> {
        if let Some(handles) = self.known.borrow().get(path) {
            return Some(handles.clone());
        }
        let handles = self.metrics.find(path)?;
        self.known.borrow_mut().insert(path.into(), handles.clone());
        Some(handles)
    }
}

/// A call without its end.
pub struct Call {
    name: Name,
    inbound: Scanner,
    outbound: Scanner,
    code: Option<Code>,
}

enum Name {
    /// A method that exists.
    Known(Arc<MethodHandles>),
    /// No answer has shown it yet: its path, and messages so far by direction.
    Unproven(Box<str>, [u64; 2]),
}

impl Call {
    /// A call of the method at `path`.
    pub fn new(methods: &Methods, path: &str) -> Self {
        let name = methods.find(path).map_or_else(|| Name::Unproven(path.into(), [0; 2]), Name::Known);
        Self { name, inbound: Scanner::default(), outbound: Scanner::default(), code: None }
    }

    /// Counts the messages that end in `bytes` from `side`.
    pub fn bytes(&mut self, side: Side, bytes: &[u8]) {
        let (scanner, direction) = match side {
            Side::Client => (&mut self.inbound, Direction::Inbound),
            Side::Gateway => (&mut self.outbound, Direction::Outbound),
        };
        let ended = scanner.scan(bytes);
        match &mut self.name {
            Name::Known(handles) if ended > 0 => handles.messages(direction).inc_by(ended),
            Name::Known(_) => {}
            Name::Unproven(_, messages) => messages[direction as usize] += ended,
        }
    }

    /// The status that the gateway told.
    pub fn told(&mut self, code: Code) {
        self.code = Some(code);
    }

    /// What the gateway told, if it did.
    pub fn code(&self) -> Option<Code> {
        self.code
    }

    /// The gateway has begun to answer, so it has the method.
    pub fn prove(&mut self, methods: &Methods) {
        if let Name::Unproven(path, _) = &self.name {
            let handles = methods.metrics.admit(path);
            self.settle(handles);
        }
    }

    /// The call is over, with `code`.
    pub fn end(mut self, methods: &Methods, code: Code) {
        if let Name::Unproven(path, _) = &self.name {
            // What the gateway does not know, or never answered, gets no name.
            let exists = self.code.is_some_and(|code| code != Code::Unimplemented);
            let handles = if exists { methods.metrics.admit(path) } else { methods.metrics.other() };
            self.settle(handles);
        }
        if let Name::Known(handles) = &self.name {
            handles.requests(code).inc();
        }
    }

    fn settle(&mut self, handles: Arc<MethodHandles>) {
        if let Name::Unproven(_, messages) = &self.name {
            for (direction, count) in [Direction::Inbound, Direction::Outbound].into_iter().zip(*messages) {
                if count > 0 {
                    handles.messages(direction).inc_by(count);
                }
            }
        }
        self.name = Name::Known(handles);
    }
}

/// Whether a content type is that of gRPC over HTTP/2; gRPC-Web is framed otherwise.
pub fn is_grpc(content_type: &[u8]) -> bool {
    let rest = content_type.strip_prefix(b"application/grpc");
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}
