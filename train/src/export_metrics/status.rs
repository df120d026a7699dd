//! How a run has ended, as far as its folder tells.

use crate::lock;
use crate::metrics::Record;
use crate::run_folder::RunFolder;

/// How a run has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// A program trains it now.
    Running,
    /// It has taken all steps.
    Finished,
    /// It has not, and could be gone on with: it was stopped or killed. So looks, too, a run that diverged with
    /// `train.rejected_steps` = 0, which leaves no record.
    Stopped,
    /// It has diverged: the last thing recorded is as many rejected steps in a row as there may be.
    Diverged,
}

impl Status {
    /// That of a run.
    pub fn of(run: &RunFolder) -> Self {
        if lock::is_held(&run.path) {
            return Self::Running;
        }
        let settings = &run.config.train;
        let taken = run.records.iter().map(Record::step).max().unwrap_or(0);
        match run.records.last() {
            Some(Record::Rejected(last)) if last.in_a_row >= settings.rejected_steps => {
                Self::Diverged
            }
            _ if taken >= settings.steps => Self::Finished,
            _ => Self::Stopped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TrainConfig;
    use crate::lock::RunLock;
    use crate::metrics::{RejectedRecord, RollbackRecord};

    #[test]
    fn the_last_record_and_the_lock_tell_how_a_run_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let rejected = |step, in_a_row| {
            let (what, images) = ("loss NaN".to_owned(), Vec::new());
            Record::Rejected(RejectedRecord { step, seed: 0, what, in_a_row, images })
        };
        let rollback = |step| Record::Rollback(RollbackRecord { step, to: 0, rate: 0.5 });
        let mut run = RunFolder {
            path: folder.path().to_owned(),
            config: TrainConfig::of(&["train.steps=10", "train.rejected_steps=2"]),
            records: Vec::new(),
            sessions: Vec::new(),
            damaged: 0,
        };
        let mut status = |records: Vec<Record>| {
            run.records = records;
            Status::of(&run)
        };
        assert_eq!(status(vec![rollback(9)]), Status::Stopped);
        assert_eq!(status(vec![rollback(10)]), Status::Finished);
        assert_eq!(status(vec![rejected(4, 1), rejected(5, 2)]), Status::Diverged);
        assert_eq!(status(vec![rejected(5, 2), rollback(5)]), Status::Stopped);
        assert_eq!(status(vec![rejected(10, 1)]), Status::Finished);
        let _lock = RunLock::take(folder.path()).unwrap();
        assert_eq!(status(vec![rollback(9)]), Status::Running);
    }
}
