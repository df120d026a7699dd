//! The order of the records in every epoch.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use pixelflow::noise::{Key, Purpose};

/// How many epochs' orders are kept: batches near the end of one reach into the next.
const KEPT: usize = 2;

/// Computes orders when they are needed and keeps the latest.
pub(super) struct Order {
    seed: u64,
    records: usize,
    shuffle: bool,
    kept: Mutex<VecDeque<(u64, Arc<[usize]>)>>,
}

impl Order {
    pub(super) fn new(seed: u64, records: usize, shuffle: bool) -> Self {
        Self { seed, records, shuffle, kept: Mutex::default() }
    }

    /// The records in the order of `epoch`.
    pub(super) fn epoch(&self, epoch: u64) -> Arc<[usize]> {
        // Without shuffling one order serves them all.
        let epoch = if self.shuffle { epoch } else { 0 };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, order)) = kept.iter().find(|(known, _)| *known == epoch) {
            return Arc::clone(order);
        }
        let mut order: Vec<usize> = (0..self.records).collect();
        if self.shuffle {
            Key::new(self.seed, epoch, Purpose::ExampleOrder).shuffle(&mut order);
        }
        let order: Arc<[usize]> = order.into();
        kept.push_back((epoch, Arc::clone(&order)));
        if kept.len() > KEPT {
            kept.pop_front();
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_epoch_has_every_record_in_an_order_of_its_own() {
        let order = Order::new(1, 100, true);
        for epoch in [0, 1, 2, 7] {
            let mut records = order.epoch(epoch).to_vec();
            assert_ne!(records, *order.epoch(epoch + 1));
            records.sort_unstable();
            assert_eq!(records, (0..100).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_order_depends_on_seed_and_epoch_only() {
        let (used, fresh) = (Order::new(1, 100, true), Order::new(1, 100, true));
        for epoch in 0..5 {
            used.epoch(epoch);
        }
        assert_eq!(used.epoch(1), fresh.epoch(1));
        assert_ne!(Order::new(2, 100, true).epoch(1), fresh.epoch(1));
    }

    #[test]
    fn without_shuffling_the_order_is_the_data_set_s() {
        assert_eq!(*Order::new(1, 4, false).epoch(3), [0, 1, 2, 3]);
    }
}
