//! Deadlines. Nothing here waits for time to pass; it waits for something to be so, and says what never was.

use std::time::{Duration, Instant};

/// Longer than anything takes on a busy machine; only a failing test waits for it.
pub const PATIENCE: Duration = Duration::from_secs(20);

const BETWEEN_LOOKS: Duration = Duration::from_millis(25);

/// Looks until `look` has something, and panics with `what` when `PATIENCE` is over.
#[track_caller]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "never came within {PATIENCE:?}: {what}");
        std::thread::sleep(BETWEEN_LOOKS);
    }
}

/// Looks until `look` equals `expected`; the failure shows both.
#[track_caller]
pub fn until_equal<T: PartialEq + std::fmt::Debug>(what: &str, expected: &T, mut look: impl FnMut() -> T) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen = look();
        if seen == *expected {
            return;
        }
        assert!(Instant::now() < deadline, "{what}\nexpected: {expected:#?}\n    seen: {seen:#?}");
        std::thread::sleep(BETWEEN_LOOKS);
    }
}

/// Looks until `look` equals `expected`, or patience ends; what was seen last.
pub fn last<T: PartialEq>(expected: &T, mut look: impl FnMut() -> T) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen = look();
        if seen == *expected || Instant::now() > deadline {
            return seen;
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
}
