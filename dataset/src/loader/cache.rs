//! Scaled images kept in memory.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::Prepared;

/// Keeps the first images it is given until they fill a number of bytes.
///
/// Which ones those are depends on the threads; what the loader gives does not.
pub(super) struct Cache {
    slots: Vec<OnceLock<Arc<Prepared>>>,
    free: AtomicU64,
}

impl Cache {
    /// A cache of up to `bytes` bytes for records `0..records`.
    pub(super) fn new(records: usize, bytes: u64) -> Self {
        let slots = if bytes == 0 { 0 } else { records };
        Self { slots: (0..slots).map(|_| OnceLock::new()).collect(), free: AtomicU64::new(bytes) }
    }

    pub(super) fn get(&self, record: usize) -> Option<Arc<Prepared>> {
        self.slots.get(record)?.get().cloned()
    }

    pub(super) fn keep(&self, record: usize, prepared: &Arc<Prepared>) {
        let captions: usize =
            prepared.captions.iter().map(|caption| size_of::<String>() + caption.len()).sum();
        let size = size_of::<Prepared>() + prepared.image.data().len() + captions;
        let reserve = |free: u64| free.checked_sub(size as u64);
        let Some(slot) = self.slots.get(record) else {
            return;
        };
        let reserved = self.free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, reserve);
        // Two threads may have read the same record: the second one's copy is not kept.
        if reserved.is_ok() && slot.set(Arc::clone(prepared)).is_err() {
            self.free.fetch_add(size as u64, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Raster;

    fn prepared(label: usize) -> Arc<Prepared> {
        let image = Raster::new(10, 10, 1, vec![0; 100]).unwrap();
        Arc::new(Prepared { image, label, captions: Vec::new() })
    }

    #[test]
    fn it_keeps_what_fits() {
        let one = (size_of::<Prepared>() + 100) as u64;
        let cache = Cache::new(5, 2 * one);
        for label in [3, 3, 0, 4] {
            cache.keep(label, &prepared(label));
        }
        let labels = |record| cache.get(record).map(|prepared| prepared.label);
        assert_eq!([3, 0, 4, 1].map(labels), [Some(3), Some(0), None, None]);
    }

    #[test]
    fn without_memory_it_keeps_nothing() {
        let cache = Cache::new(5, 0);
        cache.keep(3, &prepared(3));
        assert!(cache.get(3).is_none());
    }
}
