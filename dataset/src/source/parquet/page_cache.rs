//! Pages that were read, kept while they are asked for.

use std::sync::{Arc, Mutex, PoisonError};

use super::pages::Values;
use crate::Result;

/// Most memory that pages take that are kept: 512 MiB. A single one may be as large.
const MAX_KEPT: u64 = 512 << 20;

/// A page: its file, its column, and its number there.
pub(super) type Key = [usize; 3];

/// What reading a page gave, or what was wrong with it.
type Read = Result<Arc<Values>, String>;

/// The pages that were asked for last.
#[derive(Debug, Default)]
pub(super) struct PageCache {
    /// With the memory that each takes, the one that was asked for last at the end.
    kept: Mutex<Vec<(Key, u64, Read)>>,
}

impl PageCache {
    /// A page, which `read` reads if it is not kept; it takes so much `memory`. One is read at a time.
    ///
    /// # Errors
    /// What `read` says of the disk.
    pub(super) fn page(
        &self,
        key: Key,
        memory: u64,
        read: impl FnOnce() -> Result<Result<Values, String>>,
    ) -> Result<Read> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = kept.iter().position(|(kept, ..)| *kept == key) {
            let entry = kept.remove(place);
            let page = entry.2.clone();
            kept.push(entry);
            return Ok(page);
        }
        // Before it takes more.
        let mut sum: u64 = kept.iter().map(|(_, memory, _)| memory).sum();
        while sum.saturating_add(memory) > MAX_KEPT && !kept.is_empty() {
            sum -= kept.remove(0).1;
        }
        let page = read()?.map(Arc::new);
        kept.push((key, if page.is_ok() { memory } else { 0 }, page.clone()));
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_last_is_kept_within_the_limit() {
        let cache = PageCache::default();
        let mut read = Vec::new();
        for number in [1, 2, 1, 3, 1, 2] {
            let page = || {
                read.push(number);
                Ok(Ok(Values::Numbers(vec![Some(number as i64)])))
            };
            let page = cache.page([0, 0, number], MAX_KEPT / 2, page).unwrap().unwrap();
            assert!(matches!(&*page, Values::Numbers(all) if all[0] == Some(number as i64)));
        }
        // 3 took the place of 2, and 2 that of 3.
        assert_eq!(read, [1, 2, 3, 2]);
    }

    #[test]
    fn a_damaged_page_is_read_once() {
        let cache = PageCache::default();
        let mut read = 0;
        for _ in 0..3 {
            let page = || {
                read += 1;
                Ok(Err("torn".to_owned()))
            };
            assert_eq!(cache.page([0; 3], MAX_KEPT, page).unwrap().unwrap_err(), "torn");
        }
        assert_eq!(read, 1);
    }
}
