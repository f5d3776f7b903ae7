//! Requests that are open, and the last ones that were.

use crate::event::Context;
use std::sync::Arc;

/// Requests that are remembered; older ones are overwritten, open or not.
const KEPT: usize = 1024;

/// A request.
pub(super) struct Request {
    serial: u64,
    is_open: bool,
    /// None where it is kept out of traces.
    pub(super) context: Option<Context>,
    pub(super) endpoint: Arc<str>,
}

/// All of them, by the order in which they came.
#[derive(Default)]
pub(super) struct Requests {
    ring: Vec<Request>,
    /// How many came.
    count: u64,
    open: u64,
    /// Of all that are open, one over the other: with one open, it is that.
    serials: u64,
}

impl Requests {
    /// One more is open; its number.
    pub(super) fn begin(&mut self, context: Option<&Context>, endpoint: &Arc<str>) -> u64 {
        self.count += 1;
        let serial = self.count;
        self.open += 1;
        self.serials ^= serial;
        let request = Request { serial, is_open: true, context: context.copied(), endpoint: endpoint.clone() };
        let at = (serial % KEPT as u64) as usize;
        match self.ring.get_mut(at) {
            Some(place) => *place = request,
            // The first is number 1, so that 0 is none and its place is filled last.
            None => {
                self.ring.resize_with(at.max(self.ring.len()), || Request {
                    serial: 0,
                    is_open: false,
                    context: None,
                    endpoint: endpoint.clone(),
                });
                self.ring.push(request);
            }
        }
        serial
    }

    /// It is over.
    pub(super) fn end(&mut self, serial: u64) {
        self.open -= 1;
        self.serials ^= serial;
        let at = (serial % KEPT as u64) as usize;
        if let Some(request) = self.ring.get_mut(at).filter(|request| request.serial == serial) {
            request.is_open = false;
        }
    }

    /// The request of this number, if it is remembered.
    pub(super) fn get(&self, serial: u64) -> Option<&Request> {
        self.ring.get((serial % KEPT as u64) as usize).filter(|request| request.serial == serial)
    }

    pub(super) fn is_open(&self, serial: u64) -> bool {
        self.get(serial).is_some_and(|request| request.is_open)
    }

    /// The one that is open, where no other is.
    pub(super) fn only(&self) -> Option<&Request> {
        if self.open == 1 { self.get(self.serials) } else { None }
    }

    /// The endpoint of all of these, if they have the same.
    pub(super) fn endpoint(&self, serials: &[u64]) -> Option<Arc<str>> {
        let mut all = serials.iter().filter_map(|serial| self.get(*serial)).map(|request| &request.endpoint);
        let first = all.next()?;
        all.all(|endpoint| endpoint == first).then(|| first.clone())
    }
}
