//! Memory for images on their way from a file to their training size.

use std::sync::{Condvar, Mutex, PoisonError};

use crate::decode::MAX_DECODED_BYTES;

/// What all threads of all loaders take from.
pub(crate) static IMAGES: Budget = Budget::new(MAX_DECODED_BYTES);

/// A number of bytes that is shared out; who asks for more than is left waits.
///
/// Nobody who has a share may ask for another: all could wait for each other.
pub(crate) struct Budget {
    left: Mutex<u64>,
    returned: Condvar,
}

/// A share of a budget; it goes back when it is dropped.
pub(crate) struct Share<'a> {
    budget: &'a Budget,
    bytes: u64,
}

impl Budget {
    pub(crate) const fn new(bytes: u64) -> Self {
        Self { left: Mutex::new(bytes), returned: Condvar::new() }
    }

    /// Takes `bytes`, which must not be more than the whole, as soon as they are there.
    pub(crate) fn take(&self, bytes: u64) -> Share<'_> {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let left = self.returned.wait_while(left, |left| *left < bytes);
        *left.unwrap_or_else(PoisonError::into_inner) -= bytes;
        Share { budget: self, bytes }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        *self.budget.left.lock().unwrap_or_else(PoisonError::into_inner) += self.bytes;
        self.budget.returned.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn shares_are_never_more_than_the_whole_and_all_get_one() {
        let (budget, taken) = (Budget::new(10), AtomicU64::new(0));
        let work = |bytes: u64| {
            for _ in 0..50 {
                let _share = budget.take(bytes);
                assert!(taken.fetch_add(bytes, Ordering::SeqCst) + bytes <= 10);
                thread::yield_now();
                taken.fetch_sub(bytes, Ordering::SeqCst);
            }
        };
        thread::scope(|scope| {
            for bytes in [3, 4, 10, 0, 5, 10] {
                scope.spawn(move || work(bytes));
            }
        });
        assert_eq!(*budget.left.lock().unwrap(), 10);
    }
}
