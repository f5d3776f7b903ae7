//! The connections of a worker, so that a drain reaches those that sleep.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};
use tokio::sync::Notify;

/// All connections of a worker.
#[derive(Default)]
pub struct Registry {
    draining: Cell<bool>,
    open: Cell<usize>,
    /// By slot; a waker while its connection sleeps in a relay.
    wakers: RefCell<Vec<Option<Waker>>>,
    free: RefCell<Vec<usize>>,
    emptied: Notify,
}

/// One connection's place in a [`Registry`], given back when dropped.
pub struct Place {
    registry: Rc<Registry>,
    slot: usize,
}

impl Registry {
    /// A place for a new connection.
    pub fn enter(self: &Rc<Self>) -> Place {
        let slot = self.free.borrow_mut().pop().unwrap_or_else(|| {
            let mut wakers = self.wakers.borrow_mut();
            wakers.push(None);
            wakers.len() - 1
        });
        self.open.set(self.open.get() + 1);
        Place { registry: self.clone(), slot }
    }

    /// From now on connections end as soon as nothing is in flight on them.
    pub fn drain(&self) {
        self.draining.set(true);
        self.wakers.borrow().iter().flatten().for_each(Waker::wake_by_ref);
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.open.get()
    }

    /// Waits until none is open.
    pub async fn emptied(&self) {
        while self.open.get() > 0 {
            self.emptied.notified().await;
        }
    }
}

impl Place {
    /// Whether the connection is to end as soon as it can.
    pub fn is_draining(&self) -> bool {
        self.registry.draining.get()
    }

    /// The task to wake when a drain begins. A task's waker stays the same, so once is enough.
    pub fn wake_on_drain(&self, cx: &Context<'_>) {
        self.registry.wakers.borrow_mut()[self.slot] = Some(cx.waker().clone());
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let registry = &self.registry;
        registry.wakers.borrow_mut()[self.slot] = None;
        registry.free.borrow_mut().push(self.slot);
        registry.open.set(registry.open.get() - 1);
        if registry.open.get() == 0 {
            registry.emptied.notify_one();
        }
    }
}
