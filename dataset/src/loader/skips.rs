//! The corrupt images that were skipped.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};

use crate::Error;
use crate::source::LeftOut;

/// How many are named at the end.
const NAMED: usize = 100;

/// Collects corrupt records; each is tried once.
#[derive(Default)]
pub(super) struct Skips {
    /// What is wrong with every corrupt record.
    errors: RwLock<BTreeMap<usize, String>>,
}

impl Skips {
    pub(super) fn contains(&self, record: usize) -> bool {
        self.errors.read().unwrap_or_else(PoisonError::into_inner).contains_key(&record)
    }

    pub(super) fn add(&self, record: usize, error: &Error) {
        let mut errors = self.errors.write().unwrap_or_else(PoisonError::into_inner);
        errors.insert(record, error.to_string());
    }

    /// What is wrong with the last corrupt record of the data set.
    pub(super) fn last(&self) -> String {
        let errors = self.errors.read().unwrap_or_else(PoisonError::into_inner);
        errors.values().next_back().cloned().unwrap_or_default()
    }

    pub(super) fn report(&self, records: usize, left_out: LeftOut) -> SkipReport {
        let errors = self.errors.read().unwrap_or_else(PoisonError::into_inner);
        SkipReport { records, errors: errors.clone(), left_out }
    }
}

/// Which images were skipped, to be shown when training ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkipReport {
    /// Number of records of the data set.
    pub records: usize,
    /// For every skipped record, by its number, its name and what is wrong with it.
    pub errors: BTreeMap<usize, String>,
    /// What was left out when the data set was opened.
    pub left_out: LeftOut,
}

impl SkipReport {
    /// Whether nothing was skipped.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// How many records cannot be used.
    pub fn count(&self) -> usize {
        self.errors.len() + self.left_out.records
    }
}

impl fmt::Display for SkipReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { records, errors, left_out } = self;
        write!(formatter, "{} of {records} images skipped", errors.len())?;
        for error in errors.values().take(NAMED) {
            write!(formatter, "\n  {error}")?;
        }
        if errors.len() > NAMED {
            write!(formatter, "\n  and {} more", errors.len() - NAMED)?;
        }
        if left_out.records > 0 {
            write!(formatter, "\n{} left out before training, first:", left_out.records)?;
        }
        left_out.named_records().iter().try_for_each(|name| write!(formatter, "\n  {name}"))
    }
}
