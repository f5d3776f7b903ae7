//! Level-triggered epoll with a deadline finer than a millisecond, which an open loop needs.

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// What to wait for.
#[derive(Clone, Copy, PartialEq)]
pub enum Interest {
    Read,
    ReadAndWrite,
}

/// One readiness. An error or a hang-up shows as readable: the next `read` tells.
#[derive(Clone, Copy)]
pub struct Ready {
    pub token: u64,
    pub read: bool,
    pub write: bool,
}

pub struct Poll {
    fd: OwnedFd,
    events: Vec<epoll::Event>,
}

impl Poll {
    pub fn new() -> io::Result<Self> {
        Ok(Self { fd: epoll::create(epoll::CreateFlags::CLOEXEC)?, events: Vec::with_capacity(512) })
    }

    pub fn add(&self, source: impl AsFd, token: u64) -> io::Result<()> {
        Ok(epoll::add(&self.fd, source, epoll::EventData::new_u64(token), epoll::EventFlags::IN)?)
    }

    pub fn change(&self, source: impl AsFd, token: u64, interest: Interest) -> io::Result<()> {
        let flags = match interest {
            Interest::Read => epoll::EventFlags::IN,
            Interest::ReadAndWrite => epoll::EventFlags::IN | epoll::EventFlags::OUT,
        };
        Ok(epoll::modify(&self.fd, source, epoll::EventData::new_u64(token), flags)?)
    }

    /// Waits until something is ready or `timeout` is over; `None` waits on.
    pub fn wait(&mut self, timeout: Option<Duration>) -> io::Result<impl Iterator<Item = Ready> + use<'_>> {
        let timeout = timeout.map(|t| Timespec { tv_sec: t.as_secs() as i64, tv_nsec: i64::from(t.subsec_nanos()) });
        self.events.clear();
        match epoll::wait(&self.fd, spare_capacity(&mut self.events), timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        Ok(self.events.iter().map(|event| {
            let (token, flags) = (event.data.u64(), event.flags);
            let read = flags.intersects(epoll::EventFlags::IN | epoll::EventFlags::HUP | epoll::EventFlags::ERR);
            Ready { token, read, write: flags.contains(epoll::EventFlags::OUT) }
        }))
    }
}
